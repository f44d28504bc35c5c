import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type DeviceEvent, type DeviceId, type Failure, parseDeviceId } from '@steadfleet/domain'
import { checkIn } from './acts/check-in.ts'
import { steerDefect } from './acts/defects.ts'
import { countDefect } from './store/defect-counts.ts'
import { countsOf, defectsWhere, devicesHit, revisionsOf, samplesOf } from './store/defect-store.ts'
import { eventsWhere } from './store/device-store.ts'
import type { Db } from './store/schema.ts'
import { fleet } from './testing/test-fleet.ts'
import { type DeviceRow, openTestHouse, origin, type TestHouse } from './testing/test-house.ts'
import { inFleet, noon } from './testing/test-rollout.ts'

describe('failures of one fingerprint', () => {
  test('are one defect, with its devices, revisions and times', () =>
    inFleet(2, async ({ db, devices: [one, two] }) => {
      await fail(db, one, 1)
      await fail(db, one, 1, {}, '2026-11-21T13:00:00Z')
      await fail(db, two, 2, {}, '2026-11-21T14:00:00Z')
      await fail(db, two, 2, { exit: 9 })
      const [newest, other] = await defectsWhere(db, { fleet: 'home' }, 10)
      assert.deepEqual(
        [newest?.count, newest?.devices, newest?.first_revision, newest?.last_revision],
        [3, 2, 1, 2],
      )
      assert.deepEqual(
        [newest?.first_seen, newest?.last_seen, newest?.state],
        [noon, '2026-11-21T14:00:00Z', 'open'],
      )
      assert.equal(other?.exit, 9)
      const id = newest?.id ?? 0
      const hit = await devicesHit(db, id, 10)
      assert.deepEqual(
        hit.map(({ device, count }) => [device, count]),
        [
          [two, 1],
          [one, 2],
        ],
      )
      const revisions = await revisionsOf(db, id)
      assert.deepEqual(
        revisions.map(({ revision, count }) => [revision, count]),
        [
          [1, 2],
          [2, 1],
        ],
      )
    }))

  test('that were told already are not counted again', () =>
    inFleet(1, async ({ db, devices: [one] }) => {
      const event = failureEvent(7, 1)
      await say(db, one, [event])
      await say(db, one, [event])
      const [defect] = await defectsWhere(db, {}, 10)
      assert.equal(defect?.count, 1)
    }))

  test('come back once they are resolved only in a later revision', () =>
    inFleet(1, async ({ db, devices: [one] }) => {
      const state = async () => (await defectsWhere(db, {}, 1))[0]?.state
      await fail(db, one, 2)
      await steer(db, 'resolve')
      await fail(db, one, 2)
      assert.equal(await state(), 'resolved')
      await fail(db, one, 3)
      assert.equal(await state(), 'regressed')
      await steer(db, 'resolve', 6)
      await fail(db, one, 5)
      assert.equal(await state(), 'resolved')
      await fail(db, one, 6)
      assert.equal(await state(), 'regressed')
      await steer(db, 'ignore')
      await fail(db, one, 7)
      assert.equal(await state(), 'ignored')
      await assert.rejects(steer(db, 'ignore'), { code: 'failure/wrong-state' })
      await steer(db, 'reopen')
      assert.equal(await state(), 'open')
    }))

  test('are kept whole ten times, the first among them; of the others the log goes', () =>
    inFleet(1, async ({ db, devices: [one] }) => {
      for (let i = 0; i < 14; i++) await fail(db, one, 1)
      const samples = await samplesOf(db, 1)
      assert.equal(samples.length, 10)
      const events = await eventsWhere(db, { kind: 'failure' })
      const whole = events.filter(({ event }) => event.failure?.log.length === 2)
      assert.deepEqual(
        whole.map(({ id }) => id),
        samples.map(({ id }) => id),
      )
      assert.equal(whole.at(-1)?.id, events.at(-1)?.id)
      assert.equal(events.length, 14)
    }))

  test('are counted by the hour, then by the day, then by 30 days, and none is lost', () =>
    inFleet(1, async ({ db }) => {
      const from = Date.parse('2026-01-01T00:30:00Z')
      for (let hour = 0; hour < 24 * 500; hour += 20) {
        await countDefect(db, 1, new Date(from + hour * 3_600_000).toISOString())
      }
      const counts = await countsOf(db, [1])
      assert.equal(
        counts.reduce((sum, { count }) => sum + count, 0),
        600,
      )
      assert.ok(counts.length < 400, `${counts.length}`)
      assert.deepEqual(
        new Set(counts.map(({ seconds }) => seconds)),
        new Set([3600, 86400, 2592000]),
      )
    }))

  test('made up without end push out no defect of many devices', () =>
    inFleet(2, async ({ db, devices: [one, two] }) => {
      await fail(db, one, 1)
      await fail(db, two, 1)
      const events = Array.from({ length: 1010 }, (_, i) =>
        failureEvent(100 + i, 1, { log: [`fault ${toWord(i)}`] }),
      )
      await say(db, two, events)
      const all = await defectsWhere(db, {}, 5000)
      assert.equal(all.length, 1000)
      assert.ok(all.some(({ devices }) => devices === 2))
    }))
})

describe('the routes of failures', () => {
  let it: TestHouse
  let device: DeviceRow
  let cookie: string
  before(async () => {
    it = await openTestHouse()
    device = await it.addDevice(fleet)
    cookie = await it.admit('ada', { [fleet]: 'operator' })
    const { db } = it.house.store
    await it.house.store.write('checkIn', said(parseDeviceId(device.id), [failureEvent(2, 3)]))
    assert.equal((await defectsWhere(db, {}, 9)).length, 1)
  })
  after(() => it?.[Symbol.asyncDispose]())

  const call = async (url: string, body?: object) => {
    const reply = await it.app.inject({
      ...{ method: body ? 'POST' : 'GET', url, headers: { cookie, origin, host: 'fleet.example' } },
      ...(body && { payload: body }),
    })
    return { status: reply.statusCode, text: reply.body }
  }

  test('list, show, resolve and export, to who may see the fleet', async () => {
    const [listed] = JSON.parse((await call('/v1/defects?wanting=true')).text)
    assert.deepEqual([listed.title, listed.devices, listed.state], ['TypeError: gone', 1, 'open'])
    const shown = JSON.parse((await call(`/v1/defects/${listed.id}`)).text)
    assert.equal(shown.hit[0].device, device.id)
    assert.deepEqual(shown.samples[0].failure.log, failureEvent(2, 3).failure?.log)
    const csv = (await call('/v1/defects/export?format=csv')).text
    assert.match(csv, /^id,fleet,fingerprint,.*\r\n1,home,sha256:/)
    const done = await call(`/v1/defects/${listed.id}/resolve`, {})
    assert.deepEqual(JSON.parse(done.text).resolvedAfter, 3)
    assert.equal(JSON.parse((await call('/v1/defects?wanting=true')).text).length, 0)
    assert.equal((await call(`/v1/defects/${listed.id}/resolve`, {})).status, 409)
    const others = await it.admit('eve', { other: 'operator' })
    const seen = await it.app.inject({ url: '/v1/defects', headers: { cookie: others } })
    assert.deepEqual(JSON.parse(seen.body), [])
    const refused = await it.app.inject({ url: '/v1/defects/1', headers: { cookie: others } })
    assert.equal(refused.statusCode, 403)
  })
})

let sequence = 0

function failureEvent(number: number, revision: number, more: Partial<Failure> = {}): DeviceEvent {
  const log = ['TypeError: gone', '    at read (/app/sensor.mjs:41:27)']
  const failure = {
    ...{ kind: 'crash', package: 'acme/greenhouse', app: 'service', revision, exit: 1 },
    ...{ reason: 'service ended by itself: exit 1', log },
    ...more,
  }
  return {
    ...{ sequence: number, at: noon, kind: 'failure', message: failure.reason },
    failure: failure as Failure,
  }
}

function fail(db: Db, device: DeviceId | undefined, revision: number, more = {}, now = noon) {
  sequence += 1
  return say(db, device, [failureEvent(sequence, revision, more)], now)
}

async function say(
  db: Db,
  device: DeviceId | undefined,
  events: readonly DeviceEvent[],
  now = noon,
) {
  assert.ok(device)
  sequence += 1
  await checkIn(db, said(device, events, now))
}

function said(device: DeviceId, events: readonly DeviceEvent[], now = noon) {
  sequence += 1
  const report = {
    ...{ type: 'report', format: 1, device, sequence, at: now, counter: 0, generation: 0 },
    ...{ state: 'committed', releases: [], apps: [], attributes: {} },
  } as const
  return { device, report: report as never, envelope: '{}', events, now, renewBefore: now }
}

function steer(db: Db, event: 'resolve' | 'ignore' | 'reopen', revision?: number) {
  return steerDefect(db, { defect: 1, event, revision, by: 'ada', now: noon })
}

/** Numbers are no part of a fingerprint; letters are. */
function toWord(number: number): string {
  return [...String(number)].map(digit => 'qrstuvwxyz'[Number(digit)]).join('')
}
