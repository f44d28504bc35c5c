import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Control,
  haltingFinding,
  nothingSeen,
  type Seen,
  usualRule,
  weigh,
} from './halting.ts'

const nobody: Control = { watched: 0, crashed: 0, silent: 0 }

function findings(seen: Seen, control = nobody, accepted = nothingSeen) {
  return weigh(seen, accepted, control, usualRule)
}

describe('the halting test', () => {
  test('has no evidence before a device was moved', () => {
    const [first] = findings(seen(0, {}))
    assert.equal(first?.evidence, 1)
  })
  test('one failure of one device proves nothing; ten of fifty do', () => {
    assert.equal(haltingFinding(findings(seen(1, { failed: 1 }))), undefined)
    const found = haltingFinding(findings(seen(50, { failed: 10 })))
    assert.equal(found?.kind, 'failed')
  })
  test('what devices on the old revision show too is no fault of the release', () => {
    const crashes = seen(200, { crashed: 20 })
    const control = { watched: 5000, crashed: 520, silent: 0 }
    assert.equal(haltingFinding(findings(crashes))?.kind, 'crashed')
    assert.equal(haltingFinding(findings(crashes, control)), undefined)
  })
  test('a few devices on the old revision excuse nothing', () => {
    const control = { watched: 3, crashed: 1, silent: 0 }
    assert.ok(haltingFinding(findings(seen(200, { crashed: 20 }), control)))
  })
  test('what a person has accepted is held against nobody, and the test begins anew', () => {
    const accepted = seen(50, { failed: 10 })
    assert.ok(haltingFinding(findings(accepted)))
    assert.equal(haltingFinding(findings(accepted, nobody, accepted)), undefined)
    assert.ok(haltingFinding(findings(seen(100, { failed: 20 }), nobody, accepted)))
  })
  test('more failures are more evidence, more moved devices less', () => {
    const evidence = (moved: number, failed: number) =>
      findings(seen(moved, { failed }))[0]?.evidence ?? 0
    assert.ok(evidence(100, 9) > evidence(100, 8))
    assert.ok(evidence(100, 9) > evidence(200, 9))
  })
})

/** A fleet of ten thousand, a hundred at first, then as many again as have been moved; verdicts come late. */
const fleet = 10_000
const background = { failed: 0.02, silent: 0.03 }

describe(`in ${fleet} devices of which 2 % fail and 3 % fall silent by themselves`, () => {
  test('a release that breaks 20 % is stopped before 2 % have it, 99 of 100 times', () => {
    const exposed = runs(200).map(seed => simulate(seed, 0.2).moved)
    assert.ok(
      exposed.filter(moved => moved < fleet / 50).length >= 198,
      `${exposed.sort().slice(-5)}`,
    )
  })
  test('one that adds nothing is stopped at most once in 100 times', () => {
    const stopped = runs(200).filter(seed => simulate(seed, 0).isHalted)
    assert.ok(stopped.length <= 2, `${stopped.length} of 200`)
  })
  test('one that adds 2 % is found', t => {
    const outcomes = runs(200).map(seed => simulate(seed, 0.02))
    const exposed = outcomes.map(({ moved }) => moved).sort((a, b) => a - b)
    t.diagnostic(`median exposure ${exposed[100]} of ${fleet} devices`)
    assert.ok(outcomes.filter(({ isHalted }) => isHalted).length >= 195)
  })
})

function seen(moved: number, kinds: Partial<Seen>): Seen {
  return { ...nothingSeen, ...kinds, moved }
}

function runs(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

interface Outcome {
  readonly isHalted: boolean
  readonly moved: number
}

/** Minutes until a device's verdict: failures after some, successes after probation, silence after thirty. */
function simulate(seed: number, adds: number): Outcome {
  const random = mulberry(seed)
  const due = new Map<number, { failed: number; silent: number; done: number }>()
  const so = { moved: 0, failed: 0, silent: 0, decided: 0 }
  const wave = (count: number, minute: number) => {
    for (let i = 0; i < count; i += 1) {
      const kind = kindOf(random(), adds)
      const after = {
        silent: 30,
        failed: 1 + Math.floor(random() * 8),
        done: 3 + Math.floor(random() * 12),
      }
      const at = minute + after[kind]
      const due_ = due.get(at) ?? { failed: 0, silent: 0, done: 0 }
      due_[kind] += 1
      due.set(at, due_)
    }
    so.moved += count
  }
  wave(100, 0)
  for (let minute = 1; minute < 2000; minute += 1) {
    const { failed = 0, silent = 0, done = 0 } = due.get(minute) ?? {}
    so.failed += failed
    so.silent += silent
    so.decided += failed + silent + done
    if (haltingFinding(findings(seen(so.moved, so)))) return { isHalted: true, moved: so.moved }
    if (so.decided < so.moved) continue
    if (so.moved === fleet) break
    wave(Math.min(so.moved, fleet - so.moved), minute)
  }
  return { isHalted: false, moved: so.moved }
}

function kindOf(draw: number, adds: number): 'silent' | 'failed' | 'done' {
  if (draw < background.silent) return 'silent'
  return draw < background.silent + background.failed + adds ? 'failed' : 'done'
}

/** A small generator with a seed. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
