import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextState } from '@steadfleet/base'
import {
  Phase,
  parserOf,
  type RolloutEvent,
  type RolloutState,
  rolloutTable,
  usualPhases,
} from './index.ts'

const lives: [start: RolloutState, events: RolloutEvent[], end: RolloutState | undefined][] = [
  ['draft', ['start', 'finish'], 'done'],
  ['draft', ['start', 'pause', 'resume', 'finish'], 'done'],
  ['draft', ['cancel'], 'cancelled'],
  ['draft', ['finish'], undefined],
  ['running', ['trip', 'resume', 'finish'], 'done'],
  ['running', ['trip', 'pause'], undefined],
  ['running', ['start'], undefined],
  ['paused', ['trip'], undefined],
  ['paused', ['finish'], undefined],
  ['halted', ['cancel'], 'cancelled'],
  ['done', ['resume'], undefined],
  ['done', ['cancel'], undefined],
  ['cancelled', ['start'], undefined],
]
for (const [start, events, end] of lives) {
  test(`a ${start} rollout that sees ${events.join(', ')} is ${end ?? 'refused'}`, () => {
    const state = events.reduce<RolloutState | undefined>(
      (held, event) => held && nextState(rolloutTable, held, event),
      start,
    )
    assert.equal(state, end)
  })
}

for (const devices of [1, 99, 100, 10_000]) {
  test(`unless told otherwise one of ${devices} devices goes first, and the last phase reaches all`, () => {
    const phases = usualPhases(devices)
    assert.deepEqual(phases[0], { count: 1, 'max-failures': 0 })
    assert.equal(phases.at(-1)?.percent, 100)
    for (const phase of phases) assert.equal(parserOf('phase', Phase)(phase), phase)
  })
}
