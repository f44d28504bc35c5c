import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nobody } from '@steadfleet/domain'
import { failuresOf, freshnessOf, phasesOf, toPercent } from './progress.ts'
import { cannedViews } from './testing/views.ts'

const { devices, rollouts, failures, fleets, channels } = cannedViews()
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
  test('counts against the revision that the fleet’s channel names', () => {
    const shares = freshnessOf(fleets[0]!, channels, devices)
    assert.deepEqual(
      shares.map(({ revision, fresh, devices, others }) => [revision, fresh, devices, others]),
      [
        [
          3,
          0,
          4,
          [
            [2, 3],
            [1, 1],
          ],
        ],
        [2, 4, 4, []],
      ],
    )
  })

  test('is nobody’s where the channel points nowhere', () => {
    const [first] = freshnessOf(fleets[0]!, [], devices)
    assert.deepEqual([first?.revision, first?.fresh], [undefined, 0])
  })

  const rows: [part: number, whole: number, percent: number][] = [
    [0, 0, 0],
    [1, 3, 33],
    [999, 1000, 99],
    [3, 3, 100],
  ]
  for (const [part, whole, percent] of rows)
    test(`${part} of ${whole} is ${percent} %`, () => assert.equal(toPercent(part, whole), percent))
})
