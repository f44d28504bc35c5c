import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { toDocument, toMermaid } from '@steadfleet/base'
import type { ChangeState, PackageName } from '@steadfleet/domain'
import { faultOfStep } from './fail-change.ts'
import {
  backOff,
  beginProbation,
  type ChangeEvent,
  chainOf,
  chainStart,
  changeTable,
  decodeGeneration,
  decodeJournal,
  EngineError,
  encodeGeneration,
  encodeRecord,
  foldJournal,
  Hindered,
  type JournalRecord,
  nextChangeState,
  nextEngineState,
  nextGeneration,
  nextProbation,
  type Probation,
  packagesMigratedSince,
  planChange,
  probationVerdict,
  reconcile,
  resumedProbation,
  revertedGeneration,
  type Sight,
  type Step,
  Superseded,
  sealOf,
  toCheckpoint,
  type Wanted,
} from './index.ts'
import { generationOf, packageAt } from './pretend-device.test.ts'

const at = '2026-11-21T00:00:00Z'
const hub = 'acme/hub' as PackageName
const lamp = 'acme/lamp' as PackageName

describe('a change', () => {
  const lives: [events: ChangeEvent[], end: ChangeState | undefined][] = [
    [['prepare', 'stage', 'activate', 'prove', 'commit'], 'committed'],
    [['prepare', 'abort'], 'aborted'],
    [['prepare', 'stage', 'abort'], 'aborted'],
    [['prepare', 'stage', 'activate', 'abort', 'restore'], 'restored'],
    [['prepare', 'stage', 'activate', 'prove', 'abort', 'rescue'], 'rescue'],
    [['commit'], undefined],
    [['prepare', 'stage', 'activate', 'commit'], undefined],
    [['prepare', 'abort', 'stage'], undefined],
    [['prepare', 'stage', 'activate', 'prove', 'commit', 'abort'], undefined],
  ]
  for (const [events, end] of lives) {
    test(`that sees ${events.join(', ')} is ${end ?? 'refused'}`, () => {
      const live = () => events.reduce<ChangeState>(nextChangeState, 'planned')
      if (end) assert.equal(live(), end)
      else assert.throws(live, { code: 'engine/transition' })
    })
  }

  test('is drawn in the documents as the table has it', () => {
    const page = readFileSync(new URL('../../../docs/formats/journal.md', import.meta.url), 'utf8')
    assert.ok(page.includes(toMermaid(changeTable)), toMermaid(changeTable))
  })
})

describe('a plan', () => {
  const one = generationOf(1, [packageAt(hub, 1, 1), packageAt(lamp, 1, 1)])
  const rows: [what: string, packages: ReturnType<typeof packageAt>[], steps: string][] = [
    ['of nothing new', one.packages.slice(), 'activate'],
    ['of a removal', [packageAt(lamp, 1, 1)], 'stop:acme/hub activate'],
    [
      'of an update',
      [packageAt(hub, 2, 2), packageAt(lamp, 1, 1)],
      'fetch:acme/hub install:acme/hub stop:acme/hub copy:acme/hub activate start:acme/hub',
    ],
    [
      'of a migration',
      [packageAt(hub, 2, 2, { hooks: { migrate: ['m'] } }), packageAt(lamp, 1, 1)],
      'fetch:acme/hub install:acme/hub stop:acme/hub copy:acme/hub migrate:acme/hub activate start:acme/hub',
    ],
    [
      'of a package that is new',
      [...one.packages, packageAt('acme/new', 1, 2, { hooks: { migrate: ['m'] } })],
      'fetch:acme/new install:acme/new copy:acme/new activate start:acme/new',
    ],
  ]
  for (const [what, packages, steps] of rows) {
    test(`${what} is ${steps}`, () => {
      const plan = planChange(one, generationOf(2, packages))
      assert.equal(plan.map((step: Step) => step.id).join(' '), steps)
    })
  }
})

describe('a step that fails', () => {
  const rows: [kind: Step['kind'], error: Error, lasting: boolean, code: string][] = [
    ['start', new Error('no such program'), true, 'engine/start'],
    ['migrate', new Error('its hook ended with 1'), true, 'engine/migrate'],
    ['fetch', new Error('not what was signed'), false, 'engine/fetch'],
    ['start', new Hindered(new EngineError('engine/seal', 'damaged')), false, 'engine/seal'],
  ]
  for (const [kind, error, lasting, code] of rows) {
    const whose = error instanceof Hindered ? 'for a reason of the device' : 'by itself'
    test(`${kind} ${whose} is ${lasting ? 'held against its release' : 'tried again'}`, () => {
      const step = { id: `${kind}:${hub}`, kind, package: hub, lane: hub, reads: [], writes: [] }
      const fault = faultOfStep(step, error)
      assert.deepEqual([fault.lasting, fault.code, fault.lane], [lasting, code, hub])
    })
  }

  test('because a newer order came fails the whole change', () => {
    const step = { id: `fetch:${hub}`, kind: 'fetch', package: hub, lane: hub } as const
    const newer = new Superseded('engine/superseded', 'order 3 came')
    assert.equal(faultOfStep({ ...step, reads: [], writes: [] }, newer).lane, undefined)
  })
})

describe('the next generation', () => {
  const current = generationOf(1, [packageAt(hub, 1, 1), packageAt(lamp, 1, 1)])
  const none = { counter: 0, packages: [] }
  const wanting = (...packages: Wanted['packages']): Wanted => ({
    counter: 2,
    model: current.model,
    packages,
  })

  test('is none where nothing would change', () => {
    const wanted = wanting(packageAt(hub, 1, 9), packageAt(lamp, 1, 9))
    assert.equal(nextGeneration(current, wanted, none, 2), undefined)
  })

  test('gives data of its own to what changes, and leaves the others theirs', () => {
    const next = nextGeneration(
      current,
      wanting(packageAt(hub, 2, 9), packageAt(lamp, 1, 9)),
      none,
      2,
    )
    assert.deepEqual(
      next?.packages.map(one => [one.package, one.revision, one.data]),
      [
        [hub, 2, 2],
        [lamp, 1, 1],
      ],
    )
  })

  test('keeps what failed under this order as it is, and takes the others', () => {
    const wanted = wanting(packageAt(hub, 2, 9), packageAt(lamp, 2, 9))
    const next = nextGeneration(current, wanted, { counter: 2, packages: [hub] }, 3)
    assert.deepEqual(
      next?.packages.map(one => one.revision),
      [1, 2],
    )
  })

  test('takes what failed under an earlier order', () => {
    const next = nextGeneration(
      current,
      wanting(packageAt(hub, 2, 9), packageAt(lamp, 1, 9)),
      { counter: 1, packages: [hub] },
      3,
    )
    assert.equal(next?.packages[0]?.revision, 2)
  })
})

describe('going back', () => {
  const migrate = { hooks: { migrate: ['m'] } }
  const earlier = generationOf(1, [packageAt(hub, 1, 1), packageAt(lamp, 1, 1)])
  const current = generationOf(2, [packageAt(hub, 2, 2, migrate), packageAt(lamp, 2, 2)])
  const none = { counter: 0, packages: [] }
  const bounds = { refused: none, granted: new Map() }
  const to = (restoresData: boolean) => ({ counter: 2, to: 1, restoresData })

  test('runs the earlier releases on today’s data, and holds what can’t read it', () => {
    const next = revertedGeneration(current, earlier, to(false), bounds, 3)
    assert.deepEqual(
      next?.packages.map(one => [one.package, one.revision, one.data, one.restored]),
      [
        [hub, 2, 2, undefined],
        [lamp, 1, 3, undefined],
      ],
    )
    assert.deepEqual(
      packagesMigratedSince(current, earlier).map(one => one.package),
      [hub],
    )
  })

  test('takes up the data of then where that is asked for, and runs no migration on it', () => {
    const next = revertedGeneration(current, earlier, to(true), bounds, 3)!
    assert.deepEqual(next.packages[0]?.restored, { from: 1, left: 2 })
    assert.equal(next.packages[0]?.migrated, undefined)
    assert.equal(
      planChange(current, next).some(step => step.kind === 'migrate'),
      false,
    )
    const again = nextGeneration(next, wantedOf(current), none, 4)!
    assert.equal(
      planChange(next, again).filter(step => step.kind === 'migrate').length,
      1,
      'the later release migrates it again',
    )
  })

  test('holds what failed on the way back, and is none where nothing would change', () => {
    const refused = { counter: 2, packages: [hub, lamp] }
    const failed = { ...bounds, refused }
    assert.equal(revertedGeneration(current, earlier, to(true), failed, 3), undefined)
    assert.equal(revertedGeneration(current, current, to(true), bounds, 3), undefined)
  })

  const orders: [what: string, copies: Wanted['copies'], revisions: number[], restored: unknown][] =
    [
      [
        'takes up the data of then where it is here',
        new Map([[hub, { data: 1 }]]),
        [1, 1],
        { from: 1, left: 2 },
      ],
      [
        'holds what is to have data of then that is not here',
        new Map([[hub, undefined]]),
        [2, 1],
        undefined,
      ],
      ['restores nothing that it does not name', new Map([[lamp, { data: 1 }]]), [2, 1], undefined],
    ]
  for (const [what, copies, revisions, restored] of orders) {
    test(`by an order that restores data ${what}`, () => {
      const wanted = { ...wantedOf(earlier), ...(copies && { copies }) }
      const next = nextGeneration(current, wanted, none, 3)!
      assert.deepEqual(
        next.packages.map(one => one.revision),
        revisions,
      )
      assert.deepEqual(next.packages[0]?.restored, restored)
      const again = nextGeneration(next, wanted, none, 4)
      assert.equal(again, undefined, 'once: what goes back no further keeps its data')
      if (restored) assert.equal(next.packages[0]?.migrated, undefined)
    })
  }

  test('an order that restores data changes nothing of what goes forward', () => {
    const copies = new Map([[hub, undefined]])
    const next = nextGeneration(earlier, { ...wantedOf(current), copies }, none, 3)!
    assert.deepEqual(
      next.packages.map(one => [one.revision, one.restored]),
      [
        [2, undefined],
        [2, undefined],
      ],
    )
  })

  test('by an order holds what can’t read today’s data, and lets the others go', () => {
    const next = nextGeneration(current, wantedOf(earlier), none, 3)
    assert.deepEqual(
      next?.packages.map(one => one.revision),
      [2, 1],
    )
  })

  function wantedOf({ model, packages }: ReturnType<typeof generationOf>): Wanted {
    return { counter: 3, model, packages }
  }
})

describe('a sealed generation', () => {
  const generation = generationOf(3, [packageAt(hub, 1, 3)])

  test('comes back as it was', () => {
    assert.deepEqual(decodeGeneration(encodeGeneration(generation)), generation)
  })

  test('is refused under the seal of another', () => {
    const other = generationOf(4, [packageAt(hub, 1, 3)])
    const file = { record: generation, seal: sealOf(other) }
    assert.throws(() => decodeGeneration(toDocument(file)), { code: 'engine/seal' })
  })

  test('is refused with any byte of it changed', () => {
    const bytes = encodeGeneration(generation)
    for (let i = 0; i < bytes.length; i += 7) {
      const changed = Uint8Array.from(bytes)
      changed[i] = (changed[i] ?? 0) ^ 1
      assert.throws(() => decodeGeneration(changed))
    }
  })
})

describe('a journal', () => {
  const records: JournalRecord[] = [
    { type: 'found', generation: 1, why: 'a line\nof two', at },
    { type: 'found', generation: 2, why: '', at },
    { type: 'found', generation: 3, why: '', at },
  ]
  const lines = chained(records)
  const whole = Buffer.concat(lines)

  test('comes back as it was written', () => {
    const read = decodeJournal(whole)
    assert.deepEqual(read.records, records)
    assert.equal(read.length, whole.length)
    assert.equal(read.tail, false)
  })

  test('cut anywhere yields what was whole, and drops the torn line without a word', () => {
    for (let length = 0; length < whole.length; length++) {
      const read = decodeJournal(whole.subarray(0, length))
      const ends = lines.map((_, i) => Buffer.concat(lines.slice(0, i + 1)).length)
      assert.equal(read.records.length, ends.filter(end => end <= length).length)
      assert.equal(read.damage, undefined)
    }
  })

  test('with an earlier byte changed tells from which line on it is lost', () => {
    const changed = Uint8Array.from(whole)
    changed[lines[0]!.length + 70] = (changed[lines[0]!.length + 70] ?? 0) ^ 1
    const read = decodeJournal(changed)
    assert.equal(read.records.length, 1)
    assert.deepEqual(read.damage, { line: 2, lost: 2 })
  })

  test('with a line taken out or put elsewhere breaks at that place', () => {
    for (const order of [
      [0, 2],
      [1, 0, 2],
      [0, 0, 1],
    ]) {
      const read = decodeJournal(Buffer.concat(order.map(i => lines[i]!)))
      assert.ok(read.records.length < order.length)
    }
  })
})

describe('the fold of a journal', () => {
  const to = generationOf(2, [packageAt(hub, 2, 2)])
  const plan: JournalRecord = {
    type: 'plan',
    from: 1,
    to: 2,
    counter: 2,
    seal: sealOf(to),
    steps: planChange(generationOf(1, [packageAt(hub, 1, 1)]), to),
    at,
  }
  const begin = (step: string): JournalRecord => ({ type: 'begin', step, at })
  const done = (step: string): JournalRecord => ({ type: 'done', step, receipt: {}, at })
  const all = plan.steps.flatMap(step => [begin(step.id), done(step.id)])
  const seen = beginProbation({ windowSeconds: 1, boot: '', packages: [] })
  const watched: JournalRecord = { type: 'watch', probation: seen, at }

  test('refuses a commit without the verdict of probation', () => {
    const records = [plan, ...all, watched, { type: 'commit', at } as const]
    assert.throws(() => foldJournal(records), { code: 'engine/no-verdict' })
  })

  test('refuses a plan while another change is open, and a step that is not planned', () => {
    assert.throws(() => foldJournal([plan, plan]), { code: 'engine/record' })
    assert.throws(() => foldJournal([plan, begin('fetch:acme/other')]), { code: 'engine/record' })
  })

  test('refuses to go forward after an abort', () => {
    const abort = { type: 'abort', code: 'x', why: '', packages: [], lasting: true, at } as const
    const records = [plan, ...all.slice(0, 2), abort, begin('install:acme/hub')]
    assert.throws(() => foldJournal(records), { code: 'engine/transition' })
  })

  test('holds what failed against the order, and nothing that may pass', () => {
    for (const [lasting, packages] of [
      [true, [hub]],
      [false, []],
    ] as const) {
      const abort = { type: 'abort', code: 'x', why: '', packages: [hub], lasting, at } as const
      const { refused } = foldJournal([plan, ...all.slice(0, 2), abort])
      assert.deepEqual(refused.packages, packages)
    }
  })

  test('counts on over a checkpoint how often an order failed for what may pass', () => {
    const [commit] = [{ type: 'commit', at } as const]
    const end = { type: 'end', outcome: 'aborted', at } as const
    const abort = (code: string): JournalRecord => {
      return { type: 'abort', code, why: '', packages: [hub], lasting: false, at }
    }
    const failed = [plan, begin('fetch:acme/hub'), abort('agent/disk-full'), end]
    const twice = foldJournal([...failed, ...failed])
    const kept = nextEngineState(twice, { ...toCheckpoint(twice, ''), at })
    assert.deepEqual(kept.tried, { counter: 2, times: 2 })
    const newer = foldJournal([plan, begin('fetch:acme/hub'), abort('engine/superseded'), end])
    assert.equal(newer.tried, undefined)
    assert.equal(nextEngineState(kept, { type: 'retry', at }).tried, undefined)
    const verdict = { type: 'verdict', verdict: { verdict: 'passed' }, at } as const
    const passed = [plan, ...all, watched, verdict, commit].reduce(nextEngineState, kept)
    assert.equal(passed.tried, undefined)
  })

  test('refuses the commit of a change that was recalled, and keeps the word until another order', () => {
    const revert = { type: 'revert', counter: 2, to: 1, restoresData: false, at } as const
    const verdict = { type: 'verdict', verdict: { verdict: 'passed' }, at } as const
    const records = [plan, ...all, watched, verdict, revert]
    assert.throws(() => foldJournal([...records, { type: 'commit', at }]), {
      code: 'engine/recalled',
    })
    const abort = { type: 'abort', code: 'x', why: '', packages: [], lasting: false, at } as const
    const undone = plan.steps.map(({ id }) => ({ type: 'undone', step: id, at }) as const)
    const end = { type: 'end', outcome: 'restored', at } as const
    const state = foldJournal([...records, abort, ...undone, end])
    const kept = nextEngineState(state, { ...toCheckpoint(state, ''), at })
    assert.deepEqual(kept.revert, { counter: 2, to: 1, restoresData: false })
    assert.equal(nextEngineState(kept, { ...plan, counter: 3 }).revert, undefined)
  })

  const pointers: [what: string, records: JournalRecord[], pointer: number, found: boolean][] = [
    ['before activation, the old', [plan], 1, false],
    ['before activation, the new', [plan], 2, true],
    ['activating, the old', [plan, ...all.slice(0, 9)], 1, false],
    ['activating, the new', [plan, ...all.slice(0, 9)], 2, false],
    ['on probation, the new', [plan, ...all], 2, false],
    ['on probation, the old: a rescuer pointed back', [plan, ...all], 1, true],
    ['with no journal at all', [], 7, true],
  ]
  for (const [what, records, pointer, found] of pointers) {
    test(`${found ? 'yields to' : 'agrees with'} the pointer ${what}`, () => {
      const state = foldJournal([{ type: 'found', generation: 1, why: '', at }, ...records])
      assert.equal(reconcile(state, pointer) !== undefined, found)
    })
  }
})

describe('a probation', () => {
  const rule = {
    windowSeconds: 3,
    boot: 'first',
    packages: [{ package: hub, startSeconds: 5 }],
  }
  const sights: Record<string, Partial<Sight>> = {
    w: {},
    u: { healthy: false, why: 'unwell' },
    s: { state: 'starting', healthy: false },
    r: { restarts: 1 },
    R: { restarts: 3, state: 'starting', healthy: false },
    d: { state: 'down', healthy: false },
  }
  /** One letter a second. */
  const rows: [letters: string, verdict: string, why?: RegExp][] = [
    ['w', 'undecided'],
    ['www', 'undecided'],
    ['wwww', 'passed'],
    ['ssssw', 'undecided'],
    ['sssswwww', 'passed'],
    ['ssssss', 'failed', /not ready in 5 s/],
    ['R', 'failed', /cannot start/],
    ['wr', 'failed', /stopped by itself/],
    ['srrrr', 'passed'],
    ['wuuwww', 'passed'],
    ['wuuu', 'failed', /not healthy: unwell/],
    ['wwwu', 'undecided'],
    ['wd', 'failed', /gave up/],
  ]
  for (const [letters, verdict, why] of rows) {
    test(`that sees ${letters} is ${verdict}`, () => {
      const found = probationVerdict(rule, watch(letters))
      assert.equal(found.verdict, verdict)
      if (why && found.verdict === 'failed') assert.match(found.faults[0]?.why ?? '', why)
    })
  }

  test('counts on from what was written down, whatever the supervisor counts from', () => {
    const before = watch('ww')
    const later = ['w', 'w'].reduce(seen => look(seen, 'w'), before)
    assert.equal(probationVerdict(rule, later).verdict, 'passed')
  })

  test('goes on in another start of the machine, where the app may take its time to be ready', () => {
    const before = watch('www')
    const after = resumedProbation({ ...rule, boot: 'second' }, before)
    assert.equal(probationVerdict(rule, [...'ssss'].reduce(look, after)).verdict, 'undecided')
    assert.equal(probationVerdict(rule, [...'ssssw'].reduce(look, after)).verdict, 'undecided')
    assert.equal(probationVerdict(rule, [...'ssssww'].reduce(look, after)).verdict, 'passed')
    assert.equal(probationVerdict(rule, [...'ssssss'].reduce(look, after)).verdict, 'failed')
  })

  test('that only the agent was away from is held against what stopped meanwhile', () => {
    const after = resumedProbation(rule, watch('ww'))
    assert.equal(probationVerdict(rule, look(after, 'r')).verdict, 'failed')
  })

  test('in which the device ends again and again is failed', () => {
    const cut = (seen: Probation) => resumedProbation(rule, seen)
    const four = cut(cut(cut(cut(watch('w')))))
    assert.equal(probationVerdict(rule, four).verdict, 'undecided')
    const found = probationVerdict(rule, cut(four))
    assert.match(found.verdict === 'failed' ? (found.faults[0]?.why ?? '') : '', /ended 5 times/)
  })

  test('that an earlier agent wrote down counts on', () => {
    const { milliseconds, packages } = watch('www')
    const after = resumedProbation(rule, { milliseconds, packages })
    assert.equal(probationVerdict(rule, look(after, 'w')).verdict, 'passed')
  })

  test('is not ended by one look that took long', () => {
    const long = { ...rule, windowSeconds: 60 }
    const held = nextProbation(watch('w'), 3_600_000, [sightOf('w')])
    assert.equal(probationVerdict(long, held).verdict, 'undecided')
  })

  function watch(letters: string) {
    return [...letters].reduce(look, beginProbation(rule))
  }

  function look(seen: ReturnType<typeof beginProbation>, letter: string) {
    return nextProbation(seen, 1000, [sightOf(letter)])
  }

  function sightOf(letter: string): Sight {
    const well = { package: hub, state: 'up', restarts: 0, healthy: true, why: '' } as const
    return { ...well, ...sights[letter] }
  }
})

describe('a back-off', () => {
  test('doubles to its longest, spread over the upper half', () => {
    const waits = [1, 2, 3, 4, 40].map(failures =>
      backOff({ first: 100, longest: 500 }, failures, 0.5),
    )
    assert.deepEqual(waits, [75, 150, 300, 375, 375])
    assert.equal(backOff({ first: 100, longest: 500 }, 1, 0), 50)
  })
})

function chained(records: readonly JournalRecord[]): Uint8Array[] {
  let chain = chainStart
  return records.map(record => {
    const line = encodeRecord(record, chain)
    chain = chainOf(line)
    return line
  })
}
