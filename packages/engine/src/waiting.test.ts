import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OwnSay, Pending, UpdatePolicy } from '@steadfleet/domain'
import { emptyGeneration, type Generation } from './generation.ts'
import {
  type Circumstances,
  interruptionOf,
  leaseLeft,
  nextPending,
  type WaitPart,
  waitingOf,
} from './waiting.ts'

const day = 86_400
const now = '2026-11-21T12:00:00Z'
const night: UpdatePolicy = { windows: [{ from: '02:00', to: '05:00' }], 'time-zone': 'UTC' }
const tomorrow = '2026-11-22T02:00:00Z'
const update = 'acme/hub@2'
const yes: OwnSay = { answer: { answer: 'now', update, by: 'owner' } }

interface Row {
  readonly name: string
  readonly part?: WaitPart
  readonly policy?: UpdatePolicy
  readonly own?: OwnSay
  readonly conditions?: Partial<Circumstances['conditions']>
  readonly pending?: Partial<Pending>
  readonly at?: string
  /** What it waits for, each with when that ends. */
  readonly waits: readonly string[]
  readonly latest?: string
}

const rows: Row[] = [
  { name: 'nothing is said', waits: [] },
  { name: 'the window is open', policy: night, at: '2026-11-21T03:00:00Z', waits: [] },
  {
    name: 'the window is closed',
    policy: night,
    waits: [`window ${tomorrow}`],
    latest: '2026-12-05T12:00:00Z',
  },
  {
    name: 'the policy names no zone',
    policy: { windows: [{ from: '02:00', to: '05:00' }] },
    waits: ['window 2026-11-21T17:00:00Z'],
  },
  {
    name: 'the zone is not known here',
    policy: { ...night, 'time-zone': 'Mars/Olympus' },
    waits: [`window ${tomorrow}`],
  },
  {
    name: 'the bound is reached',
    policy: { ...night, 'max-delay-seconds': day },
    pending: { since: '2026-11-20T12:00:00Z' },
    waits: [],
  },
  {
    name: 'the bound is a second away',
    policy: { ...night, 'max-delay-seconds': day },
    pending: { since: '2026-11-20T12:00:01Z' },
    waits: [`window ${tomorrow}`],
    latest: '2026-11-21T12:00:01Z',
  },
  {
    name: 'the clock went back by years, but a day was waited',
    policy: { ...night, 'max-delay-seconds': day },
    pending: { since: '2036-01-01T00:00:00Z', waited: day },
    waits: [],
  },
  {
    name: 'the clock went back and half a day was waited',
    policy: { ...night, 'max-delay-seconds': day },
    pending: { since: '2036-01-01T00:00:00Z', waited: day / 2 },
    waits: [`window ${tomorrow}`],
    latest: '2026-11-22T00:00:00Z',
  },
  {
    name: 'a flaw is mended, whose bound is reached',
    policy: { ...night, 'security-delay-seconds': 3600 },
    pending: { security: { since: '2026-11-21T11:00:00Z', waited: 0 } },
    waits: [],
  },
  {
    name: 'a flaw is mended, whose bound is longer than the usual one',
    policy: { ...night, 'max-delay-seconds': 60, 'security-delay-seconds': 3600 },
    pending: { security: { since: now, waited: 0 } },
    waits: [`window ${tomorrow}`],
    latest: '2026-11-21T12:01:00Z',
  },
  {
    name: 'no delay is allowed',
    policy: { ...night, 'max-delay-seconds': 0 },
    own: { hold: {} },
    waits: [],
  },
  { name: 'it is on hold', own: { hold: {} }, waits: ['hold'], latest: '2026-12-05T12:00:00Z' },
  {
    name: 'it is on hold until a date',
    own: { hold: { until: tomorrow } },
    waits: [`hold ${tomorrow}`],
  },
  { name: 'a hold is over', own: { hold: { until: now } }, waits: [] },
  { name: 'nobody was asked', policy: { consent: true }, waits: ['consent'] },
  { name: 'somebody said now', policy: { consent: true }, own: yes, waits: [] },
  {
    name: 'somebody said now about another one',
    policy: { consent: true },
    own: { answer: { answer: 'now', update: 'acme/hub@1', by: 'owner' } },
    waits: ['consent'],
  },
  {
    name: 'somebody said later',
    policy: { consent: true },
    own: { answer: { answer: 'later', update, by: 'user', until: tomorrow } },
    waits: [`later ${tomorrow}`],
  },
  {
    name: 'somebody said later and that is over',
    policy: { consent: true },
    own: { answer: { answer: 'later', update, by: 'user', until: now } },
    waits: ['consent'],
  },
  {
    name: 'somebody said later where nobody asks',
    own: { answer: { answer: 'later', update, by: 'user', until: tomorrow } },
    waits: [`later ${tomorrow}`],
  },
  {
    name: 'somebody said now, on hold, outside of the windows, under load',
    policy: { ...night, 'max-load-percent': 50 },
    own: { ...yes, hold: {} },
    conditions: { loadPercent: 90 },
    waits: [],
  },
  {
    name: 'its user said now, outside of the windows and on hold',
    policy: night,
    own: { answer: { answer: 'now', update, by: 'user' }, hold: {} },
    waits: ['hold'],
  },
  {
    name: 'somebody said now on a low battery',
    policy: { 'min-battery-percent': 30 },
    own: yes,
    conditions: { batteryPercent: 29 },
    waits: ['battery'],
  },
  {
    name: 'the battery has enough',
    policy: { 'min-battery-percent': 30 },
    conditions: { batteryPercent: 30 },
    waits: [],
  },
  { name: 'it runs on mains', policy: { 'min-battery-percent': 30 }, waits: [] },
  {
    name: 'it is busy',
    policy: { 'max-load-percent': 80 },
    conditions: { loadPercent: 81 },
    waits: ['load'],
  },
  {
    name: 'it is as busy as it may be',
    policy: { 'max-load-percent': 80 },
    conditions: { loadPercent: 80 },
    waits: [],
  },
  {
    name: 'several things stand in its way',
    policy: { ...night, consent: true },
    own: { hold: {} },
    waits: ['hold', `window ${tomorrow}`, 'consent'],
  },
  { name: 'the link is metered', conditions: { isMetered: true }, waits: [] },
  {
    name: 'the link is metered',
    part: 'fetch',
    conditions: { isMetered: true },
    waits: ['metered'],
    latest: '2026-12-05T12:00:00Z',
  },
  { name: 'it is outside of the windows', part: 'fetch', policy: night, waits: [] },
  {
    name: 'the battery is low',
    part: 'fetch',
    policy: { 'min-battery-percent': 30 },
    conditions: { isMetered: false, batteryPercent: 29 },
    waits: ['battery'],
  },
  {
    name: 'somebody said now on a low battery',
    part: 'fetch',
    policy: { 'min-battery-percent': 30 },
    conditions: { isMetered: true, batteryPercent: 29 },
    own: yes,
    waits: ['battery'],
  },
  {
    name: 'the fleet pays for it',
    part: 'fetch',
    policy: { metered: 'fetch' },
    conditions: { isMetered: true },
    waits: [],
  },
  {
    name: 'the owner says that the link is not metered',
    part: 'fetch',
    own: { metered: false },
    conditions: { isMetered: true },
    waits: [],
  },
  {
    name: 'the owner says it is metered',
    part: 'fetch',
    own: { metered: true },
    waits: ['metered'],
  },
  {
    name: 'somebody said now on a metered link',
    part: 'fetch',
    own: { ...yes, metered: true },
    waits: [],
  },
  {
    name: 'the link is metered and the bound is reached',
    part: 'fetch',
    own: { metered: true },
    pending: { waited: 14 * day },
    waits: [],
  },
]

describe('an update', () => {
  for (const row of rows) {
    const { part = 'activate', waits } = row
    const what = part === 'fetch' ? 'is fetched' : 'is activated'
    test(`${waits.length === 0 ? what : `waits before it ${what}`} when ${row.name}`, () => {
      const waiting = waitingOf(part, aroundOf(row))
      const found = waiting?.reasons.map(({ kind, until }) => (until ? `${kind} ${until}` : kind))
      assert.deepEqual(found ?? [], waits)
      if (row.latest) assert.equal(waiting?.latest, row.latest)
    })
  }

  test('waits no longer than its bound though the clock jumps to and fro across a window', () => {
    const policy = { ...night, 'max-delay-seconds': day }
    let pending = nextPending(undefined, { now: new Date(now), seconds: 0, isSecurity: false })
    for (let hour = 0; hour < 24; hour++) {
      // Always just before the window opens: by the clock no time passes.
      const at = new Date(Date.parse(tomorrow) - 1000)
      assert.ok(
        waitingOf(
          'activate',
          aroundOf({ name: '', policy, pending, at: at.toISOString(), waits: [] }),
        ),
      )
      pending = nextPending(pending, { now: at, seconds: 3600, isSecurity: false })
    }
    assert.equal(
      waitingOf('activate', aroundOf({ name: '', policy, pending, waits: [] })),
      undefined,
    )
  })

  test('counts the bound of a flaw from when one was mended, and not anew for the next', () => {
    const at = (hours: number) => new Date(Date.parse(now) + hours * 3_600_000)
    const first = nextPending(undefined, { now: at(0), seconds: 0, isSecurity: false })
    const second = nextPending(first, { now: at(1), seconds: 3600, isSecurity: true })
    const third = nextPending(second, { now: at(2), seconds: 3600, isSecurity: true })
    assert.deepEqual(third, {
      since: '2026-11-21T12:00:00Z',
      waited: 7200,
      security: { since: '2026-11-21T13:00:00Z', waited: 7200 },
      leased: 0,
    })
  })
})

describe('a lease', () => {
  const security = { since: now, waited: 0 }
  const leases: [policy: UpdatePolicy, pending: Partial<Pending>, left: number][] = [
    [{}, {}, day],
    [{}, { leased: day }, 0],
    [{ 'lease-seconds': 60 }, { leased: 20 }, 40],
    [{}, { security }, 3600],
    [{ 'security-lease-seconds': 7, 'lease-seconds': 5 }, { security, leased: 1 }, 4],
    [{ 'lease-seconds': 0 }, {}, 0],
  ]
  for (const [policy, pending, left] of leases) {
    test(`may go on for ${left} s of ${JSON.stringify({ ...policy, ...pending })}`, () => {
      assert.equal(leaseLeft(policy, { ...fresh, ...pending }), left)
    })
  }
})

describe('a change', () => {
  const changes: [name: string, from: Generation, to: Generation, is: string][] = [
    ['of nothing', having(), having(['hub', 1]), ''],
    ['to another tree', having(['hub', 1]), having(['hub', 2]), 'update'],
    ['of the settings alone', having(['hub', 1]), having(['hub', 1, { color: 'red' }]), ''],
    ['that adds', having(['hub', 1]), having(['hub', 1], ['lamp', 1]), 'update'],
    ['that removes', having(['hub', 1], ['lamp', 1]), having(['hub', 1]), 'update'],
    ['over a mended flaw', having(['hub', 1]), having(['hub', 4, {}, 3]), 'update, mends a flaw'],
    ['from above a mended flaw', having(['hub', 3]), having(['hub', 4, {}, 3]), 'update'],
    ['back over a mended flaw', having(['hub', 4, {}, 3]), having(['hub', 1]), 'update'],
    ['to below what it says it mends', having(['hub', 1]), having(['hub', 2, {}, 9]), 'update'],
  ]
  for (const [name, from, to, is] of changes) {
    test(`${name} is ${is || 'no update'}`, () => {
      const { isUpdate, isSecurity } = interruptionOf(from, to)
      const found = [isUpdate ? 'update' : '', isSecurity ? 'mends a flaw' : '']
      assert.equal(found.filter(Boolean).join(', '), is)
    })
  }
})

const fresh: Pending = { since: now, waited: 0, leased: 0 }

function aroundOf({ policy = {}, own = {}, conditions, pending, at = now }: Row): Circumstances {
  return {
    now: new Date(at),
    zone: 'Asia/Tokyo',
    policy,
    own,
    conditions: { isMetered: false, ...conditions },
    update,
    pending: { ...fresh, ...pending },
  }
}

type Package = [name: string, revision: number, settings?: object, mended?: number]

function having(...packages: Package[]): Generation {
  const all = packages.map(([name, revision, settings = {}, mended]) => ({
    package: `acme/${name}`,
    revision,
    settings,
    interfaces: [],
    tree: { digest: `sha256:${revision}`, length: 1 },
    behaviour: { apps: {}, ...(mended && { 'security-revision': mended }) },
  }))
  return { ...emptyGeneration, packages: all as unknown as Generation['packages'] }
}
