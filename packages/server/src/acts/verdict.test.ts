import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceEvent, StateReport } from '@steadfleet/domain'
import { verdictOn } from './check-in.ts'

const of = { package: 'acme/greenhouse', revision: 3, settings: null, above_counter: 7 }
const move = { ...of, isBlamed: true }

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
  ['restored', 2, 'old', 8, '', 'rolled back'],
  ['restored', 2, 'old', 7, '', undefined],
  ['rescue', 2, 'old', 8, '', 'rolled back'],
  ['aborted', 2, 'old', 8, '', undefined],
  ['rolling back', 3, 'tree', 8, 'probation 3', 'rolled back'],
  ['committed', 2, 'old', 8, 'change 3', 'failed'],
  ['committed', 2, 'old', 8, 'crash 3', undefined],
  ['aborted', 2, 'old', 8, 'postponed 3', undefined],
  ['committed', 2, 'old', 8, 'probation 2', undefined],
]

// The same of a device whose report has named the release before.
const later: typeof rows = [
  ['committed', 3, 'tree', 8, '', undefined],
  ['committed', 3, 'tree', 8, 'crash 3', 'crashed'],
  ['committed', 3, 'tree', 8, 'out of memory 3', 'crashed'],
  ['committed', 3, 'tree', 8, 'crash 2', undefined],
  ['restored', 2, 'old', 8, '', 'rolled back'],
  ['restored', 3, 'tree', 8, '', undefined],
]

for (const [before, said] of [
  ['ordered', rows],
  ['done', later],
] as const) {
  for (const [state, revision, tree, counter, failure, verdict] of said) {
    const told = failure && `, with a failure: ${failure}`
    test(`a ${state} report under order ${counter} of revision ${revision}, ${tree}${told}, where the move is ${before}, says ${verdict ?? 'nothing'}`, () => {
      const releases = [{ package: move.package, revision, version: '1', tree: tree as never }]
      const report = { state, counter, releases } as unknown as StateReport
      const [kind, failed] = failure.split(/ (?=\d)/)
      const event = { failure: { kind, package: move.package, revision: Number(failed) } }
      const events = failure ? [event as unknown as DeviceEvent] : []
      assert.equal(
        verdictOn({ ...move, state: before }, revision === 3 && tree === 'tree', report, events),
        verdict,
      )
    })
  }
}
