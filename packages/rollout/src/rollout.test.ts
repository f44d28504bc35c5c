import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type DeviceId,
  type Move,
  nobody,
  type Phase,
  sumTallies,
  type Tally,
  usualPhases,
} from '@steadfleet/domain'
import {
  decided,
  inTurns,
  lateMove,
  nextStep,
  nothingSeen,
  type Progress,
  planMoves,
  type Step,
  seenOf,
  usualRule,
  type Verdict,
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
  r: 'recalled',
} as const
type Letter = keyof typeof letters
const spelling = Object.fromEntries(
  Object.entries(letters).map(([letter, state]) => [state, letter]),
)

const verdicts: Readonly<Record<string, Verdict | undefined>> = {
  '+': 'done',
  x: 'failed',
  b: 'rolled back',
  s: 'silent',
}

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

  test('take of their members alone, whoever is left is with the last', () => {
    const all = devices(10)
    const [north, south] = [new Set(all.slice(0, 4)), new Set(all.slice(4, 8))]
    const named = [phase(0, { percent: 50 }), phase(0, {}), phase(0, { count: 1 }), phase(0, {})]
    const moves = planMoves(named, all, [north, north, south, undefined])
    assert.deepEqual(
      named.map((_, i) =>
        moves.flatMap(move => (move.phase === i ? all.indexOf(move.device) : [])),
      ),
      [[0, 1], [2, 3], [4], [5, 6, 7, 8, 9]],
    )
  })

  test('begin with other devices each time, and keep their neighbours', () => {
    const all = devices(200)
    const first = Array.from({ length: 100 }, (_, rollout) => inTurns(all, rollout)[0])
    assert.ok(new Set(first).size > 80, `${new Set(first).size} devices were first in 100 rollouts`)
    const [one, other] = [inTurns(all, 1), inTurns(all, 2)]
    const at = other.indexOf(one[0] as DeviceId)
    assert.deepEqual([...other.slice(at), ...other.slice(0, at)], one)
    assert.deepEqual(inTurns(all.toReversed(), 1), one)
  })

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
      const next = stepFrom(before, says, allowed)
      assert.equal(spell(next.moves, allowed.length), after.padEnd(allowed.length - 1, '/'))
      assert.equal(next.state, state)
      assert.equal(next.why === '', state === 'running')
    })
  }

  for (const state of ['draft', 'scheduled', 'paused', 'halted', 'cancelled'] as const) {
    test(`that is ${state} hears reports and orders nobody`, () => {
      const next = stepFrom('o/..', 'x  ', [0, 0], { state })
      assert.equal(spell(next.moves, 2), 'x/..')
      assert.equal(next.state, state)
    })
  }

  test('goes on past the failures that a person has accepted, and halts at the next one', () => {
    const accepted = seenOf(sumTallies(talliesOf(movesOf('x/..'), 2)))
    const next = stepFrom('x/..', '', [0, 0], { accepted })
    assert.equal(spell(next.moves, 2), 'x/oo')
    const after = stepFrom('x/oo', ' x ', [0, 0], { accepted })
    assert.equal(after.state, 'halted')
    assert.equal(after.why, '1 of 2 devices failed in phase 2, where none may')
  })

  test('orders of a phase without a bound no more than have done well, and twenty at first', () => {
    const wave = (moves: string) => stepFrom(moves, '', [undefined]).wave?.most ?? 0
    assert.equal(wave('.'.repeat(100)), 20)
    assert.equal(wave('o'.repeat(20) + '.'.repeat(80)), 0)
    assert.equal(wave('+'.repeat(15) + 'o'.repeat(5) + '.'.repeat(80)), 15)
    assert.equal(wave('+'.repeat(40) + '.'.repeat(60)), 40)
    assert.equal(wave('+'.repeat(40) + 'o'.repeat(30) + '.'.repeat(60)), 10)
  })

  test('has no more devices under way than a phase allows, with a bound and without', () => {
    for (const bound of [0, undefined]) {
      const phases = [{ ...phaseWith(bound), 'at-once': 3 }]
      const wave = (moves: string) => stepFrom(moves, '', [bound], { phases }).wave?.most ?? 0
      assert.equal(wave('.'.repeat(10)), 3)
      assert.equal(wave('o'.repeat(2) + '.'.repeat(8)), 1)
      assert.equal(wave('+'.repeat(5) + 'o'.repeat(3) + '.'.repeat(2)), 0)
    }
  })

  test('waits for nobody who is away, unless the phase has a bound', () => {
    const next = (bound: number | undefined) => spell(stepFrom('a/..', '', [bound, 0]).moves, 2)
    assert.equal(next(undefined), 'a/oo')
    assert.equal(next(0), 'a/..')
  })

  test('watches a phase for as long as it soaks before the next one opens, and before the end', () => {
    const phases = [{ ...phaseWith(0), 'soak-seconds': 60 }, phaseWith(0)]
    const at = (now: number, closedAt: (number | null)[], moves = '+/..') =>
      stepFrom(moves, '', [0, 0], { phases, now, closedAt })
    const first = at(1000, [null, null])
    assert.deepEqual([first.wave, first.soaksUntil], [undefined, 61_000])
    assert.deepEqual(first.closedAt, [1000, null])
    assert.deepEqual(at(60_999, [1000, null]).wave, undefined)
    assert.deepEqual(at(61_000, [1000, null]).wave, { phase: 1, most: 2 })
    const last = [{ ...phaseWith(0), 'soak-seconds': 60 }]
    const end = (now: number) => stepFrom('+', '', [0], { phases: last, now, closedAt: [0] })
    assert.deepEqual([end(59_000).state, end(60_000).state], ['running', 'done'])
  })

  test('does not soak a phase that has no device', () => {
    const phases = [{ ...phaseWith(0), 'soak-seconds': 60 }, phaseWith(0)]
    assert.equal(spell(stepFrom('/..', '', [0, 0], { phases }).moves, 2), '/oo')
  })

  test('is halted by the evidence of the test, which says what it saw', () => {
    const next = stepFrom('+'.repeat(30) + 'b'.repeat(6) + '.'.repeat(60), '', [undefined])
    assert.equal(next.state, 'halted')
    assert.equal(next.why, '6 of 36 devices went back, where 1 % may')
    assert.equal(next.findings[0]?.kind, 'rolled back')
  })
})

describe('a verdict', () => {
  // The state of a move, what is heard of it, and the state after in a rollout that runs and one that was halted.
  const rows: [before: Letter, verdict: Verdict, running: Letter, halted: Letter][] = [
    ['.', 'done', '.', '.'],
    ['.', 'failed', '.', '.'],
    ['o', 'done', '+', 'r'],
    ['a', 'done', '+', 'r'],
    ['s', 'done', '+', 'r'],
    ['o', 'silent', 's', 's'],
    ['a', 'silent', 'a', 'a'],
    ['o', 'failed', 'x', 'x'],
    ['s', 'rolled back', 'b', 'b'],
    ['r', 'done', 'r', 'r'],
    ['r', 'failed', 'x', 'x'],
    ['r', 'rolled back', 'b', 'b'],
    ['r', 'silent', 'r', 'r'],
    ['+', 'rolled back', 'b', 'b'],
    ['+', 'failed', '+', '+'],
    ['x', 'rolled back', 'x', 'x'],
    ['x', 'done', 'x', 'x'],
    ['b', 'done', 'b', 'b'],
  ]
  for (const [before, verdict, running, halted] of rows) {
    test(`of ${verdict} on one that is ${letters[before]}`, () => {
      const after = (state: 'running' | 'halted') =>
        spelling[decided({ state: letters[before] }, verdict, state).state]
      assert.deepEqual([after('running'), after('halted')], [running, halted])
    })
  }

  test('of a crash counts after the move was done, and of nobody else', () => {
    const crashed = (state: Move['state']) => decided({ state }, 'crashed', 'running').crashed
    assert.deepEqual([crashed('done'), crashed('ordered')], [true, undefined])
  })
})

function devices(count: number): DeviceId[] {
  return Array.from({ length: count }, (_, i) => `dev_${String(i).padStart(20, '0')}` as DeviceId)
}

function phase(maxFailures: number, size: Omit<Phase, 'max-failures'>): Phase {
  return { ...size, 'max-failures': maxFailures }
}

function phaseWith(maxFailures: number | undefined): Phase {
  return maxFailures === undefined ? {} : phase(maxFailures, {})
}

type Letters = (readonly [state: Move['state'], phase: number])[]

function movesOf(text: string): Letters {
  return text
    .split('/')
    .flatMap((part, i) => [...part].map(letter => [letters[letter as Letter], i] as const))
}

function talliesOf(moves: Letters, phases: number): Tally[] {
  return Array.from({ length: phases }, (_, i) => {
    const here = moves.filter(([, phase]) => phase === i)
    const counts = Map.groupBy(here, ([state]) => state)
    return {
      ...nobody,
      ...Object.fromEntries([...counts].map(([state, of]) => [state, of.length])),
    }
  })
}

/** One step as a server takes it: verdicts are heard, and the wave is ordered, the first in the order. */
function stepFrom(
  text: string,
  says: string,
  allowed: readonly (number | undefined)[],
  more: Partial<Progress> = {},
): Step & { readonly moves: Letters } {
  const state = more.state ?? 'running'
  const moves = movesOf(text).map(([held, phase], i) => {
    const verdict = verdicts[says[i] ?? ' ']
    return [verdict ? decided({ state: held }, verdict, state).state : held, phase] as const
  })
  const step = nextStep({
    ...{ state, phases: allowed.map(phaseWith), tallies: talliesOf(moves, allowed.length) },
    ...{ closedAt: allowed.map(() => null), now: 0, accepted: nothingSeen, rule: usualRule },
    control: { watched: 0, crashed: 0, silent: 0 },
    ...more,
  })
  let left = step.wave?.most ?? 0
  const after = moves.map(([held, phase]) => {
    const isChosen = held === 'waiting' && phase === step.wave?.phase && left > 0
    if (isChosen) left -= 1
    return [isChosen ? 'ordered' : held, phase] as const
  })
  return { ...step, moves: after }
}

function spell(moves: Letters, phases: number): string {
  return Array.from({ length: phases }, (_, i) =>
    moves
      .filter(([, phase]) => phase === i)
      .map(([state]) => spelling[state])
      .join(''),
  ).join('/')
}
