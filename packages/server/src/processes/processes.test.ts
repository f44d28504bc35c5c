import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { signerFromSeed } from '@steadfleet/authority'
import {
  type AuditEntry,
  type Client,
  deviceEvents,
  exportAudit,
  getAuditHead,
  getDevice,
  listDevices,
  type ServerEvent,
  serverEvents,
  verifyAudit,
} from '@steadfleet/protocol'
import { type ServerProcess, startServer } from '../testing/server-process.ts'
import { isOverPostgres } from '../testing/test-database.ts'
import { deviceWith, orderIn, type TestDevice } from '../testing/test-device.ts'
import { fleet, follow, moveStable, openTestFleet, type TestFleet } from '../testing/test-fleet.ts'
import { clientFor } from '../testing/transport.ts'

const skip = isOverPostgres ? false : 'runs where STEADFLEET_TEST_DATABASE names a PostgreSQL'

describe('two processes of one server', { skip, concurrency: false, timeout: 180_000 }, () => {
  /** Made by the first one, which does the work. */
  let it: TestFleet
  let second: ServerProcess
  let beside: Client
  let device: TestDevice
  let atSecond: TestDevice

  before(async () => {
    const [one = 0, other = 0] = await freePorts(2)
    it = await openTestFleet([], undefined, {}, origins(one, other), one)
    second = await startServer(it.data, other, origins(other, one), it.database.environment)
    beside = clientFor(second.origin, it.keys.operator)
    await follow(it.operator)
    const seed = randomBytes(32)
    device = await it.join({ name: 'hall', seed })
    const client = clientFor(second.origin, device.signer)
    atSecond = deviceWith(device.id, signerFromSeed(seed), client)
    for (const revision of [1, 2]) await it.publish({ revision })
  })
  after(async () => {
    await second?.end('SIGTERM')
    await it?.[Symbol.asyncDispose]()
  })

  test('answer the same, whichever is asked', async () => {
    for (const client of [it.operator, beside]) {
      const devices = await client.call(listDevices, { params: { fleet } })
      assert.deepEqual(
        devices.map(({ id }) => id),
        [device.id],
      )
    }
  })

  test('an order that one makes reaches the stream that the other holds', async () => {
    const stop = new AbortController()
    const stream = atSecond.client.follow(deviceEvents, { signal: stop.signal })
    const told = firstOf(stream, 'look')
    await untilOnline(it.operator, device, true)
    await moveStable(it.operator, 1)
    await told
    stop.abort()
    await untilOnline(it.operator, device, false)
    const { releases } = orderIn(await atSecond.checkIn())
    assert.equal(releases[0]?.revision, 1)
  })

  test('a check-in at the one is seen by who looks on at the other', async () => {
    const stop = new AbortController()
    const seen = firstOf(it.operator.follow(serverEvents, { signal: stop.signal }), 'message')
    // Until the stream is there nothing is sent to it.
    let isSeen = false
    void seen.then(() => {
      isSeen = true
    })
    for (let i = 0; !isSeen && i < 100; i += 1) {
      const event = { sequence: i + 1, at: '2026-11-21T00:00:00Z', kind: 'agent' } as const
      await atSecond.checkIn({ events: [{ ...event, message: 'it rang' }] })
      await wait(100)
    }
    await seen
    stop.abort()
  })

  test('when the one that does the work is killed, the other takes it over, and nothing is lost', async () => {
    const before = await it.operator.call(getAuditHead, {})
    const stop = new AbortController()
    const told = firstOf(atSecond.client.follow(deviceEvents, { signal: stop.signal }), 'look')
    await it.server().end('SIGKILL')
    // What a device says is taken in meanwhile.
    await atSecond.checkIn({ attributes: { room: 'cellar' } })
    await untilDone(() => beside.call(listDevices, { params: { fleet } }))
    await moveStable(beside, 2)
    await told
    stop.abort()
    assert.equal(orderIn(await atSecond.checkIn()).releases[0]?.revision, 2)
    const lines = await beside.open(exportAudit, { query: {} })
    await verifyAudit(entriesIn(lines.body), before)
  })
})

function origins(...ports: readonly number[]): string[] {
  return ports.flatMap(port => ['--origin', `http://127.0.0.1:${port}`])
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => {
    const address = server.address()
    return typeof address === 'object' ? (address?.port ?? 0) : 0
  })
  await Promise.all(servers.map(server => server.close() && once(server, 'close')))
  return ports
}

async function firstOf(events: AsyncIterable<ServerEvent>, name: string): Promise<void> {
  for await (const { event } of events) if (event === name) return
}

async function untilOnline(client: Client, { id }: TestDevice, isOnline: boolean): Promise<void> {
  for (;;) {
    if ((await client.call(getDevice, { params: { device: id } })).online === isOnline) return
    await wait(50)
  }
}

/** Until an answer comes: nobody does the work for a moment. */
async function untilDone<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch {
      await wait(100)
    }
  }
}

async function* entriesIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<AuditEntry> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  for (const line of Buffer.concat(chunks).toString().trimEnd().split('\n')) {
    yield JSON.parse(line)
  }
}
