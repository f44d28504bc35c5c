import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type DeviceId, type Move, type Phase, usualPhases } from '@steadfleet/domain'
import {
  lateMove,
  nextMoves,
  nothingSeen,
  type Progress,
  planMoves,
  seenOf,
  usualRule,
  type Verdict,
  whoseTurn,
} from './index.ts'

/** What a letter says of a device; a slash ends a phase. */
const letters = {
  '.': 'waiting',
  o: 'ordered',
  a: 'away',
  s: 'silent',
  '+': 'done',
  x: 'failed',
  b: 'rolled back',
} as const
type Letter = keyof typeof letters
const spelling = Object.fromEntries(
  Object.entries(letters).map(([letter, state]) => [state, letter]),
)

describe('phases', () => {
  const rows: [phases: Phase[], devices: number, sizes: number[]][] = [
    [usualPhases(1), 1, [1, 0, 0]],
    [usualPhases(3), 3, [1, 0, 2]],
    [usualPhases(99), 99, [1, 9, 89]],
    [usualPhases(10_000), 10_000, [1, 99, 900, 9000]],
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
    allowed: (number | undefined)[],
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
    // Who said that all is well and went back is counted back; who failed stays failed.
    ['+/oo', 'b  ', 'b/oo', 'halted', [0, 0]],
    ['+/oo', 'b  ', 'b/oo', 'running', [1, 0]],
    ['x/oo', 'b+ ', 'x/+o', 'running', [1, 1]],
    // Where a phase has a bound silence is waited for; where it has none it is passed by.
    ['o/..', 's  ', 's/..', 'running', [0, 0]],
    ['s/..', '+  ', '+/oo', 'running', [0, 0]],
    ['o/..', 's  ', 's/oo', 'running', [undefined, 0]],
    ['+/os', ' +  ', '+/+s', 'done', [0, undefined]],
    ['+/ss', ' +  ', '+/+s', 'done', [0, undefined]],
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
      assert.equal(next.state, state)
    })
  }

  test('goes on past the failures that a person has accepted, and halts at the next one', () => {
    const halted = progressOf('x/..', [0, 0])
    const resumed = { ...halted, accepted: seenOf(halted.moves) }
    const next = nextMoves(resumed, new Map())
    assert.equal(spell(next.moves, 2), 'x/oo')
    const after = nextMoves({ ...resumed, moves: next.moves }, reportsOf(' x '))
    assert.equal(after.state, 'halted')
    assert.equal(after.why, '1 of 2 devices failed in phase 2, where none may')
  })

  test('orders just those it moves from waiting to ordered, in their order', () => {
    const next = nextMoves(progressOf('+/..o', [0, 0]), new Map())
    assert.equal(spell(next.moves, 2), '+/ooo')
  })

  test('orders of a phase without a bound no more than have done well, and twenty at first', () => {
    const wave = (moves: string) =>
      nextMoves(progressOf(moves, [undefined]), new Map()).moves.filter(
        ({ state }, i) => state === 'ordered' && moves[i] === '.',
      ).length
    assert.equal(wave('.'.repeat(100)), 20)
    assert.equal(wave('o'.repeat(20) + '.'.repeat(80)), 0)
    assert.equal(wave('+'.repeat(15) + 'o'.repeat(5) + '.'.repeat(80)), 15)
    assert.equal(wave('+'.repeat(40) + '.'.repeat(60)), 40)
    assert.equal(wave('+'.repeat(40) + 'o'.repeat(30) + '.'.repeat(60)), 10)
  })

  test('orders who is away and waits for nobody of them, unless the phase has a bound', () => {
    const away = new Set(devices(3).slice(0, 1))
    const next = (bound: number | undefined, moves: string) =>
      spell(nextMoves({ ...progressOf(moves, [bound, 0]), away }, new Map()).moves, 2)
    assert.equal(next(undefined, './..'), 'a/..')
    assert.equal(next(undefined, 'a/..'), 'a/oo')
    assert.equal(next(0, 'a/..'), 'a/..')
  })

  test('is halted by the evidence of the test, which says what it saw', () => {
    const next = nextMoves(
      progressOf('+'.repeat(30) + 'b'.repeat(6) + '.'.repeat(60), [undefined]),
      new Map(),
    )
    assert.equal(next.state, 'halted')
    assert.equal(next.why, '6 of 36 devices went back, where 1 % may')
    assert.equal(next.findings[0]?.kind, 'rolled back')
  })

  test('counts a crash after the move was done, and hears it of nobody else', () => {
    const { moves } = nextMoves(
      progressOf('+o', [5]),
      new Map(devices(2).map(id => [id, 'crashed'])),
    )
    assert.deepEqual(
      moves.map(({ crashed }) => crashed),
      [true, undefined],
    )
  })

  test('says whose turn it is once the reports are counted, not before', () => {
    const turn = (moves: string, says: string) =>
      whoseTurn(progressOf(moves, [0, 0]), reportsOf(says)).length
    assert.equal(turn('o/...', '    '), 0)
    assert.equal(turn('o/...', '+   '), 3)
    assert.equal(turn('+/o..', '    '), 2)
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

function progressOf(text: string, allowed: readonly (number | undefined)[]): Progress {
  const states = text.split('/').flatMap((part, i) => [...part].map(letter => [letter, i] as const))
  const names = devices(states.length)
  const moves = states.map(([letter, i], n): Move => {
    return { device: names[n]!, phase: i, state: letters[letter as Letter] }
  })
  return {
    state: 'running',
    phases: allowed.map(max => (max === undefined ? {} : phase(max, {}))),
    moves,
    accepted: nothingSeen,
    away: new Set(),
    control: { watched: 0, crashed: 0, silent: 0 },
    rule: usualRule,
  }
}

function reportsOf(says: string): Map<DeviceId, Verdict> {
  const verdicts = [...says].flatMap((letter, i): [DeviceId, Verdict][] =>
    letter === ' ' ? [] : [[devices(says.length)[i]!, letters[letter as Letter] as Verdict]],
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
