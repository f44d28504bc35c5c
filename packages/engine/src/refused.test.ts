import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { digestOf, toUtf8 } from '@steadfleet/base'
import type { PackageName } from '@steadfleet/domain'
import {
  contentsOf,
  foldJournal,
  type Generation,
  type GenerationPackage,
  isAnotherTry,
  type JournalRecord,
  nextEngineState,
  nextGeneration,
  planChange,
  type Refused,
  toCheckpoint,
  withFailure,
} from './index.ts'
import { generationOf, packageAt } from './pretend-device.test.ts'

const [hub, lamp] = ['acme/hub', 'acme/lamp'] as PackageName[]
const current = generationOf(1, [packageAt(hub!, 1, 1), packageAt(lamp!, 1, 1)])
const newHub = packageAt(hub!, 2, 9)
const newLamp = packageAt(lamp!, 2, 9)
const tied = packageAt(hub!, 2, 9, { 'together-with': [lamp!] })
const granted = { ...newHub, interfaces: ['camera'], grants: ['camera'] }
const failing = { counter: 5, contents: contentsOf([newHub]) }
const refused = withFailure({ counter: 0, packages: [] }, failing, { packages: [hub!] })

describe('what failed under order 5', () => {
  const rows: [what: string, ordered: GenerationPackage[], revisions: number[]][] = [
    ['the same, which is held, while others go on', [newHub, newLamp], [1, 2]],
    [
      'the same with a grant that it did not ask for',
      [{ ...newHub, grants: ['x'] }, newLamp],
      [1, 2],
    ],
    ['it with another setting', [{ ...newHub, settings: { loud: true } }, newLamp], [2, 2]],
    ['it with another grant', [granted, newLamp], [2, 2]],
    ['a later revision of it', [packageAt(hub!, 3, 9), newLamp], [3, 2]],
  ]
  for (const [what, ordered, revisions] of rows) {
    test(`stands under order 6, which asks for ${what}`, () => {
      const wanted = { counter: 6, model: current.model, packages: ordered }
      const next = nextGeneration(current, wanted, refused, 2)
      assert.deepEqual(revisionsOf(next), revisions)
    })
  }

  test('is tried again with another release of what goes with it', () => {
    const failed = { counter: 5, contents: contentsOf([tied, newLamp]) }
    const both = withFailure(refused, failed, { packages: [hub!] })
    const wanting = (...packages: GenerationPackage[]) => ({ counter: 6, model: '', packages })
    assert.equal(nextGeneration(current, wanting(tied, newLamp), both, 2), undefined)
    const next = nextGeneration(current, wanting(tied, packageAt(lamp!, 3, 9)), both, 2)
    assert.deepEqual(revisionsOf(next), [2, 3])
  })

  test('counts under its order alone, where an earlier agent wrote it down', () => {
    const old: Refused = { counter: 5, packages: [hub!] }
    const wanted = { counter: 5, model: '', packages: [newHub, packageAt(lamp!, 1, 9)] }
    assert.equal(nextGeneration(current, wanted, old, 2), undefined)
    assert.deepEqual(
      revisionsOf(nextGeneration(current, { ...wanted, counter: 6 }, old, 2)),
      [2, 1],
    )
    const next = withFailure(
      old,
      { counter: 6, contents: contentsOf([newLamp]) },
      { packages: [lamp!] },
    )
    assert.deepEqual(next.packages, [lamp], 'nor is it kept beside what a later one writes')
  })
})

describe('the journal', () => {
  const other = { ...newHub, settings: { loud: true } }

  test('keeps what failed over later orders, until something else of it is proven', () => {
    const first = failedChange(current, toHub(newHub, 2), 5)
    const second = failedChange(current, toLamp(newLamp, 3), 6)
    const { refused: both } = foldJournal([...first, ...second])
    assert.deepEqual([both.counter, both.packages], [6, [hub, lamp]])
    const proven = foldJournal([...first, ...second, ...provenChange(current, toHub(other, 4), 7)])
    assert.deepEqual(proven.refused.packages, [lamp])
    assert.deepEqual(Object.keys(proven.refused.contents ?? {}), [lamp])
    const [plan, ...rest] = provenChange(current, toHub(other, 4), 7)
    const staying = { ...plan, contents: {} } as JournalRecord
    const { refused: stays } = foldJournal([...first, ...second, staying, ...rest])
    assert.deepEqual(stays.packages, [hub, lamp], 'what was on no trial proved nothing')
  })

  test('forgets all of it where somebody asks for another try', () => {
    const records = [...failedChange(current, toHub(newHub, 2), 5), { type: 'retry', at } as const]
    assert.deepEqual(foldJournal(records).refused, { counter: 0, packages: [] })
  })

  test('heeds each time at which an order asks for another try once, over checkpoints', () => {
    const [earlier, later] = ['2026-11-21T00:00:00Z', '2026-11-21T00:00:01Z']
    const failed = foldJournal(failedChange(current, toHub(newHub, 2), 5))
    assert.deepEqual(
      [undefined, later].map(time => isAnotherTry(failed, time)),
      [false, true],
    )
    const tried = nextEngineState(failed, { type: 'retry', asked: later, at })
    assert.deepEqual(tried.refused, { counter: 0, packages: [] })
    const kept = nextEngineState(tried, { ...toCheckpoint(tried, ''), at })
    const byHand = nextEngineState(kept, { type: 'retry', at })
    for (const state of [tried, kept, byHand]) {
      assert.deepEqual(
        [earlier, later].map(time => isAnotherTry(state, time)),
        [false, false],
      )
      assert.ok(isAnotherTry(state, '2026-11-21T00:00:02Z'))
    }
  })
})

const at = '2026-11-21T00:00:00Z'

function toHub(one: GenerationPackage, number: number): Generation {
  return generationOf(number, [{ ...one, data: number }, packageAt(lamp!, 1, 1)])
}

function toLamp(one: GenerationPackage, number: number): Generation {
  return generationOf(number, [packageAt(hub!, 1, 1), { ...one, data: number }])
}

function failedChange(from: Generation, to: Generation, counter: number): JournalRecord[] {
  const steps = planChange(from, to)
  const names = [...new Set(steps.flatMap(step => step.package ?? []))]
  const failure = { code: 'engine/start', why: 'dead', packages: names, lasting: true }
  return [
    planOf(from, to, counter),
    { type: 'begin', step: steps[0]!.id, at },
    { type: 'abort', ...failure, at },
    { type: 'undone', step: steps[0]!.id, at },
    { type: 'end', outcome: 'aborted', at },
  ]
}

function provenChange(from: Generation, to: Generation, counter: number): JournalRecord[] {
  const done = planChange(from, to).flatMap(({ id: step }): JournalRecord[] => [
    { type: 'begin', step, at },
    { type: 'done', step, receipt: {}, at },
  ])
  const probation = { milliseconds: 0, packages: [] }
  const proof = [
    { type: 'watch', probation, at },
    { type: 'verdict', verdict: { verdict: 'passed' }, at },
    { type: 'commit', at },
  ] as const
  return [planOf(from, to, counter), ...done, ...proof]
}

function planOf(from: Generation, to: Generation, counter: number): JournalRecord {
  const seal = digestOf(toUtf8('x'))
  const steps = planChange(from, to)
  const contents = contentsOf(to.packages)
  return { type: 'plan', from: from.number, to: to.number, counter, seal, steps, contents, at }
}

function revisionsOf(next: Generation | undefined): number[] | undefined {
  return next?.packages.map(one => one.revision)
}
