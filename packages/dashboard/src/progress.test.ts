import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nobody } from '@steadfleet/domain'
import { failuresOf, phasesOf, toPercent } from './progress.ts'
import { cannedViews } from './testing/views.ts'

const { rollouts, failures } = cannedViews()
const halted = rollouts[0]!
const done = rollouts[1]!

describe('a rollout', () => {
  test('has phases, each with its own devices and what halts it', () => {
    assert.deepEqual(
      phasesOf(halted).map(({ label, allows, tally }) => [label, allows, tally]),
      [
        ['1 device', 'halts at the first failure', { ...nobody, 'rolled back': 1 }],
        ['10 %', 'halts at the first failure', { ...nobody, waiting: 1 }],
        ['All devices', 'halts at more than 1 failure', { ...nobody, waiting: 2 }],
      ],
    )
  })

  test('has the failures of its own release since it began, and no others', () => {
    assert.deepEqual(
      failuresOf(halted, failures).map(({ id }) => id),
      [2],
    )
    assert.deepEqual(failuresOf({ ...halted, createdAt: '2100-01-01T00:00:00Z' }, failures), [])
    assert.deepEqual(failuresOf(done, failures), [])
  })
})

describe('the share of devices on the newest revision', () => {
  const rows: [part: number, whole: number, percent: number][] = [
    [0, 0, 0],
    [1, 3, 33],
    [999, 1000, 99],
    [3, 3, 100],
  ]
  for (const [part, whole, percent] of rows)
    test(`${part} of ${whole} is ${percent} %`, () => assert.equal(toPercent(part, whole), percent))
})
