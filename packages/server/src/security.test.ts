import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fromHex } from '@steadfleet/base'
import {
  type DeviceEvent,
  deviceIdOf,
  digestOfEvent,
  type FleetName,
  parseStateReport,
} from '@steadfleet/domain'
import {
  countSecurityEvents,
  deviceTimeline,
  getEventEvidence,
  listSecurityEvents,
} from '@steadfleet/protocol'
import { ed25519Key, openEnvelope, payloadTypes } from '@steadfleet/trust'
import type { TestDevice } from './testing/test-device.ts'
import { fleet, openTestFleet, type TestFleet } from './testing/test-fleet.ts'

describe('what a device refused', () => {
  let it: TestFleet
  let shelf: TestDevice
  let other: TestDevice
  before(async () => {
    it = await openTestFleet()
    shelf = await it.join({ name: 'shelf' })
    other = await it.join({ name: 'other' })
    await shelf.checkIn({ events: [rollback(1), boot(2), rollback(3), replay(4)] })
    await other.checkIn({ events: [rollback(1)] })
  })
  after(() => it[Symbol.asyncDispose]())

  const listed = async (query: object) =>
    (await it.operator.call(listSecurityEvents, { query })).map(({ device, event }) => [
      device === shelf.id ? 'shelf' : 'other',
      event.code,
    ])

  test('is listed for all, newest first, and by device, by fleet and by code', async () => {
    const all = [
      ['other', 'trust/rollback'],
      ['shelf', 'trust/replayed-order'],
      ['shelf', 'trust/rollback'],
      ['shelf', 'trust/rollback'],
    ]
    assert.deepEqual(await listed({}), all)
    assert.deepEqual(await listed({ fleet }), all)
    assert.deepEqual(await listed({ fleet: 'elsewhere' as FleetName }), [])
    assert.deepEqual(await listed({ device: shelf.id, limit: 2 }), all.slice(1, 3))
    const code = 'trust/rollback'
    assert.deepEqual(await listed({ device: shelf.id, code }), all.slice(2))
  })

  test('is counted by code, with how many devices it was', async () => {
    const counted = async (query: object) =>
      (await it.operator.call(countSecurityEvents, { query })).map(
        ({ code, count, devices }) => `${code} ${count} on ${devices}`,
      )
    assert.deepEqual(await counted({}), ['trust/rollback 3 on 2', 'trust/replayed-order 1 on 1'])
    assert.deepEqual(await counted({ fleet, device: other.id }), ['trust/rollback 1 on 1'])
  })

  test('is proved to a stranger by the report that the device signed', async () => {
    const [entry] = await it.operator.call(listSecurityEvents, { query: { device: shelf.id } })
    assert.equal(entry?.hasEvidence, true)
    const params = { event: entry.id }
    const { device, publicKey, event, report } = await it.operator.call(getEventEvidence, {
      params,
    })
    assert.deepEqual(event, replay(4))
    const raw = fromHex(publicKey)
    assert.equal(deviceIdOf(raw), device)
    const key = { keys: [ed25519Key(raw)], threshold: 1 }
    const { events } = parseStateReport(openEnvelope(report, payloadTypes.report, key))
    assert.deepEqual(events?.at(-1), digestOfEvent(event))
    assert.ok(!events?.includes(digestOfEvent({ ...event, message: 'cannot accept order 5' })))
  })

  test('has evidence alone: what merely happened needs none', async () => {
    const params = { device: shelf.id }
    const entries = await it.operator.call(deviceTimeline, { params, query: {} })
    const proved = entries.filter(({ hasEvidence }) => hasEvidence)
    assert.deepEqual(new Set(proved.map(({ event }) => event.kind)), new Set(['security']))
    const booted = entries.find(({ event }) => event.kind === 'agent')
    const call = it.operator.call(getEventEvidence, { params: { event: booted?.id ?? 0 } })
    await assert.rejects(call, { code: 'event/unknown' })
  })

  test('cannot be told with a report of other events', async () => {
    const events = [rollback(9)]
    const lies = [
      [digestOfEvent(rollback(8))],
      [digestOfEvent(rollback(9)), digestOfEvent(boot(9))],
    ]
    for (const names of lies) {
      await assert.rejects(other.checkIn({ events, names }), { code: 'device/wrong-report' })
    }
    await assert.rejects(other.checkIn({ names: [digestOfEvent(rollback(9))] }), {
      code: 'device/wrong-report',
    })
    assert.equal((await it.operator.call(listSecurityEvents, { query: {} })).length, 4)
  })

  test('is in the figures, which this machine may read and nobody else unnamed', async () => {
    const url = `${it.origin()}/metrics`
    const here = await fetch(url)
    assert.match(here.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    const text = await here.text()
    for (const line of [
      'steadfleet_device_refusals_total{code="trust/rollback"} 3',
      'steadfleet_devices{fleet="home",state="committed"} 2',
      'steadfleet_devices_silent{fleet="home"} 0',
      'steadfleet_check_ins_total 2',
      'steadfleet_refused_requests_total{code="device/wrong-report"} 3',
      'steadfleet_signer_up 1',
    ])
      assert.ok(text.split('\n').includes(line), `${line}\n${text}`)
    assert.match(text, /^steadfleet_role_alarm_percent\{catalogue="acme",role="targets"\} 0$/m)
    assert.match(text, /^steadfleet_role_life_spent_ratio\{catalogue="acme",role="acme"\} [0-9]/m)
    assert.match(
      text,
      /^steadfleet_role_expires_seconds\{catalogue="",role="owner-root"\} \d{10}$/m,
    )
    for (const { id } of [shelf, other]) assert.ok(!text.includes(id))
    const proxied = await fetch(url, { headers: { 'x-forwarded-for': '203.0.113.9' } })
    assert.equal(proxied.status, 401)
    assert.equal(JSON.parse(await proxied.text()).type, 'request/not-signed-in')
  })

  test('leaves no line in the log of what clients meet in the course of things', async () => {
    await fetch(`${it.origin()}/v1/catalogue/99.root.json`)
    await fetch(`${it.origin()}/v1/objects/sha256:${'0'.repeat(64)}`)
    await it.server().hasLogged('content/unknown')
    const log = it.server().log()
    assert.doesNotMatch(log, /stale-nonce|root\.json/)
  })
})

function rollback(sequence: number): DeviceEvent {
  const message = 'cannot accept timestamp 3: already trust 4'
  const details = { what: 'timestamp', held: 4, offered: 3 }
  return { ...security(sequence), code: 'trust/rollback', message, details }
}

function replay(sequence: number): DeviceEvent {
  const message = 'cannot accept order 3: already accepted 3'
  return { ...security(sequence), code: 'trust/replayed-order', message }
}

function boot(sequence: number): DeviceEvent {
  return { ...security(sequence), kind: 'agent', message: 'the agent began' }
}

function security(sequence: number) {
  return { sequence, at: '2026-11-21T12:00:00Z', kind: 'security' } as const
}
