import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type DeviceId, defaultPhases, type Move, type Phase } from '@steadfleet/domain'
import { lateMove, nextMoves, type Progress, planMoves, type Verdict } from './index.ts'

/** `.` waits, `o` is ordered, `+` is done, `x` has failed; a slash ends a phase. */
const letters = { '.': 'waiting', o: 'ordered', '+': 'done', x: 'failed' } as const
const spelling = { waiting: '.', ordered: 'o', done: '+', failed: 'x' } as const

describe('phases', () => {
  const rows: [phases: Phase[], devices: number, sizes: number[]][] = [
    [[...defaultPhases], 1, [1, 0, 0]],
    [[...defaultPhases], 3, [1, 0, 2]],
    [[...defaultPhases], 100, [1, 9, 90]],
    [[phase(0, { percent: 50 })], 4, [4]],
    [[phase(0, { percent: 1 }), phase(0, { percent: 100 })], 10, [1, 9]],
    [[phase(0, { count: 5 }), phase(0, { count: 2 }), phase(0, {})], 8, [5, 0, 3]],
    [[phase(0, {})], 0, [0]],
  ]
  for (const [phases, count, sizes] of rows) {
    test(`of ${count} devices take ${sizes.join(', ')}`, () => {
      const moves = planMoves(phases, devices(count))
      assert.deepEqual(
        phases.map((_, i) => moves.filter(move => move.phase === i).length),
        sizes,
      )
    })
  }

  test('take devices in the order given, and a late one last', () => {
    const [one, two] = devices(2) as [DeviceId, DeviceId]
    const phases = [phase(0, { count: 1 }), phase(0, {})]
    assert.deepEqual(
      planMoves(phases, [two]).map(move => move.device),
      [two],
    )
    assert.deepEqual(lateMove(phases, one), { device: one, phase: 1, state: 'waiting' })
  })
})

describe('a rollout', () => {
  // before, what devices say, after, the state after; max-failures of each phase is in `allowed`.
  const rows: [
    before: string,
    says: string,
    after: string,
    state: Progress['state'],
    allowed: number[],
  ][] = [
    ['./../..', '     ', 'o/../..', 'running', [0, 0, 0]],
    ['o/../..', '     ', 'o/../..', 'running', [0, 0, 0]],
    ['o/../..', '+    ', '+/oo/..', 'running', [0, 0, 0]],
    ['+/oo/..', ' +   ', '+/+o/..', 'running', [0, 0, 0]],
    ['+/+o/..', '  +  ', '+/++/oo', 'running', [0, 0, 0]],
    ['+/++/oo', '   ++', '+/++/++', 'done', [0, 0, 0]],
    ['o/../..', 'x    ', 'x/../..', 'halted', [0, 0, 0]],
    ['+/oo/..', ' x+  ', '+/x+/oo', 'running', [0, 1, 0]],
    ['+/oo/..', ' xx  ', '+/xx/..', 'halted', [0, 1, 0]],
    ['+/x+/oo', '   x+', '+/x+/x+', 'done', [0, 1, 1]],
    ['+/x+/oo', '   xx', '+/x+/xx', 'halted', [0, 1, 1]],
    ['./..', '++ ', 'o/..', 'running', [0, 0]],
    ['', '', '', 'done', [0]],
  ]
  for (const [before, says, after, state, allowed] of rows) {
    test(`at "${before}" that hears "${says}" is ${state} at "${after}"`, () => {
      const next = nextMoves(progressOf(before, allowed), reportsOf(says))
      assert.equal(spell(next.moves, allowed.length), after.padEnd(allowed.length - 1, '/'))
      assert.equal(next.state, state)
      assert.equal(next.why === '', state === 'running')
    })
  }

  for (const state of ['paused', 'halted', 'cancelled'] as const) {
    test(`that is ${state} hears reports and orders nobody`, () => {
      const next = nextMoves({ ...progressOf('o/..', [0, 0]), state }, reportsOf('x  '))
      assert.equal(spell(next.moves, 2), 'x/..')
      assert.deepEqual([next.state, next.order], [state, []])
    })
  }

  test('goes on past the failures that a person has accepted, and halts at the next one', () => {
    const resumed = { ...progressOf('x/..', [0, 0]), tolerated: 1 }
    const next = nextMoves(resumed, new Map())
    assert.equal(spell(next.moves, 2), 'x/oo')
    const after = nextMoves({ ...resumed, moves: next.moves }, reportsOf(' x '))
    assert.equal(after.state, 'halted')
    assert.equal(after.why, '1 of 2 devices failed in phase 2, where none may')
  })

  test('orders just those it moves from waiting to ordered, in their order', () => {
    const next = nextMoves(progressOf('+/..o', [0, 0]), new Map())
    assert.deepEqual(next.order, devices(4).slice(1, 3))
  })

  test('hears no second verdict on a device', () => {
    const next = nextMoves(progressOf('+/oo', [0, 0]), reportsOf('x  '))
    assert.equal(spell(next.moves, 2), '+/oo')
  })
})

function devices(count: number): DeviceId[] {
  return Array.from({ length: count }, (_, i) => `dev_${String(i).padStart(20, '0')}` as DeviceId)
}

function phase(maxFailures: number, size: Omit<Phase, 'max-failures'>): Phase {
  return { ...size, 'max-failures': maxFailures }
}

function progressOf(text: string, allowed: readonly number[]): Progress {
  const states = text.split('/').flatMap((part, i) => [...part].map(letter => [letter, i] as const))
  const names = devices(states.length)
  const moves = states.map(([letter, i], n): Move => {
    return { device: names[n]!, phase: i, state: letters[letter as keyof typeof letters] }
  })
  return { state: 'running', phases: allowed.map(max => phase(max, {})), moves, tolerated: 0 }
}

function reportsOf(says: string): Map<DeviceId, Verdict> {
  const verdicts = [...says].flatMap((letter, i): [DeviceId, Verdict][] =>
    letter === ' ' ? [] : [[devices(says.length)[i]!, letter === '+' ? 'done' : 'failed']],
  )
  return new Map(verdicts)
}

function spell(moves: readonly Move[], phases: number): string {
  return Array.from({ length: phases }, (_, i) =>
    moves
      .filter(move => move.phase === i)
      .map(({ state }) => spelling[state])
      .join(''),
  ).join('/')
}
