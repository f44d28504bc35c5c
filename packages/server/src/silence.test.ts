import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseDeviceId, type StateReport, toTimestamp } from '@steadfleet/domain'
import { deviceTimeline, getDevice, serverEvents } from '@steadfleet/protocol'
import { makeStreams } from './http/streams.ts'
import { raiseSilence, silentBefore } from './silence.ts'
import { deviceWithId, eventsWhere } from './store/device-store.ts'
import { openStore, type Store } from './store/store.ts'
import { makeTestDatabase } from './testing/test-database.ts'
import { openTestFleet } from './testing/test-fleet.ts'

const noon = new Date('2026-11-21T12:00:00Z')
const minutes = (count: number): Date => new Date(noon.getTime() + count * 60_000)

describe('silence', () => {
  const rows: [interval: number, watched: number, silent: number | undefined][] = [
    [900, -600, -45],
    [60, -600, -3],
    [900, -45, -45],
    [900, -44, undefined],
    [21_600, -600, undefined],
  ]
  for (const [interval, watched, silent] of rows) {
    test(`at ${interval} s, watched for ${-watched} minutes, is from ${silent ?? 'no'} minutes on`, () => {
      const before = silentBefore(interval, minutes(watched), noon)
      assert.deepEqual(before, silent === undefined ? undefined : minutes(silent))
    })
  }
})

describe('a device that misses its check-ins', () => {
  test('is told once, and told again when it is back', () =>
    inStore(async store => {
      let now = noon
      const place = { store, streams: makeStreams(), world: { now: () => now } }
      const look = async (at: number): Promise<string[]> => {
        now = minutes(at)
        return raiseSilence(place as Parameters<typeof raiseSilence>[0], noon)
      }
      assert.deepEqual(await look(45), [])
      assert.deepEqual(await look(46), [box])
      assert.deepEqual(await look(47), [])
      assert.equal((await deviceWithId(store.db, box)).silent_since, toTimestamp(minutes(46)))
      await say(store, minutes(60))
      assert.equal((await deviceWithId(store.db, box)).silent_since, null)
      assert.deepEqual(await look(100), [])
      assert.deepEqual(await look(106), [box])
      const codes = (await eventsWhere(store.db, { device: box })).map(({ event }) => event.code)
      assert.deepEqual(codes, ['device/silent', 'device/heard', 'device/silent'])
      place.streams[Symbol.dispose]()
    }))

  test('is shown as silent by a real server, in its timeline too, and no longer when it is back', async () => {
    await using it = await openTestFleet([], undefined, { 'check-in-seconds': 1 })
    const device = await it.join({ name: 'shelf' })
    const params = { device: device.id }
    const signal = AbortSignal.timeout(20_000)
    for await (const _ of it.operator.follow(serverEvents, { signal })) {
      if ((await it.operator.call(getDevice, { params })).silentSince !== null) break
    }
    const [noted] = await it.operator.call(deviceTimeline, { params, query: {} })
    assert.equal(noted?.event.kind, 'server')
    assert.equal(noted?.event.code, 'device/silent')
    await device.checkIn()
    assert.equal((await it.operator.call(getDevice, { params })).silentSince, null)
    const [back] = await it.operator.call(deviceTimeline, { params, query: {} })
    assert.equal(back?.event.code, 'device/heard')
  })
})

const box = parseDeviceId('dev_0123456789abcdefghij')

async function inStore(deed: (store: Store) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'steadfleet-silence-'))
  const database = await makeTestDatabase(folder)
  const store = await openStore(database.place, () => new Date())
  try {
    const owner = 'own_0123456789abcdefghij'
    const facts = { owner, fleet: 'home', model: 'acme/box/1/all' }
    await store.write('importConfiguration', {
      facts,
      operators: [],
      checkInSeconds: 900,
      probationSeconds: null,
    })
    const token = { hash: 'x', fleet: 'home', expiresAt: toTimestamp(minutes(60)) }
    await store.write('createEnrolmentToken', token)
    const claim = { publicKey: '00', name: 'shelf', model: '', architecture: 'amd64' } as const
    await store.write('enrolDevice', { hash: 'x', device: box, claim, now: toTimestamp(noon) })
    await deed(store)
  } finally {
    await store[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

async function say(store: Store, at: Date): Promise<void> {
  const report: StateReport = {
    ...{ type: 'report', format: 1, device: box, sequence: 1, at: toTimestamp(at), counter: 0 },
    ...{ generation: 0, state: 'committed', releases: [], apps: [], attributes: {} },
  }
  const now = toTimestamp(at)
  const said = { device: box, report, envelope: '{}', events: [], now, renewBefore: now }
  await store.write('checkIn', said)
}
