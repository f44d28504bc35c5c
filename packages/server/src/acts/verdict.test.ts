import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceEvent, StateReport } from '@steadfleet/domain'
import { verdictOn } from './check-in.ts'

const move = { package: 'acme/greenhouse', revision: 3, above_counter: 7 }

// state, revision and tree of the report, its counter, the failure told with it; the verdict.
const rows: [
  state: StateReport['state'],
  revision: number,
  tree: string,
  counter: number,
  failure: string,
  verdict: string | undefined,
][] = [
  ['committed', 3, 'tree', 8, '', 'done'],
  ['committed', 3, 'tree', 7, '', 'done'],
  ['committed', 3, 'other', 8, '', undefined],
  ['committed', 2, 'tree', 8, '', undefined],
  ['probation', 3, 'tree', 8, '', undefined],
  ['preparing', 2, 'old', 8, '', undefined],
  ['restored', 2, 'old', 8, '', 'failed'],
  ['restored', 2, 'old', 7, '', undefined],
  ['rescue', 2, 'old', 8, '', 'failed'],
  ['aborted', 2, 'old', 8, '', undefined],
  ['rolling back', 3, 'tree', 8, 'probation 3', 'failed'],
  ['committed', 2, 'old', 8, 'change 3', 'failed'],
  ['committed', 2, 'old', 8, 'crash 3', undefined],
  ['aborted', 2, 'old', 8, 'postponed 3', undefined],
  ['committed', 2, 'old', 8, 'probation 2', undefined],
]

for (const [state, revision, tree, counter, failure, verdict] of rows) {
  const told = failure && `, with a failure: ${failure}`
  test(`a ${state} report under order ${counter} of revision ${revision}, ${tree}${told} says ${verdict ?? 'nothing'}`, () => {
    const releases = [{ package: move.package, revision, version: '1', tree: tree as never }]
    const report = { state, counter, releases } as unknown as StateReport
    const [kind, failed] = failure.split(' ')
    const event = { failure: { kind, package: move.package, revision: Number(failed) } }
    const events = failure ? [event as unknown as DeviceEvent] : []
    assert.equal(verdictOn(move, ['tree'], report, events), verdict)
  })
}
