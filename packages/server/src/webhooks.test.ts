import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type DeviceId, type NoticeKind, toTimestamp } from '@steadfleet/domain'
import { notify } from './acts/notices.ts'
import { fleet } from './testing/test-fleet.ts'
import { openTestHouse, origin, type TestHouse } from './testing/test-house.ts'
import { inFleet, noon } from './testing/test-rollout.ts'
import { deliverDue, retryMs } from './webhooks/deliverer.ts'
import { makeReach } from './webhooks/reachable.ts'
import { webhookHeaders } from './webhooks/sign.ts'

describe('a signature', () => {
  test('is that of Standard Webhooks, one for each secret', () => {
    const body = '{"test": 2432232314}'
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body }
    const secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    assert.deepEqual(webhookHeaders(message, [secret, 'AAAA']), {
      'webhook-id': message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': `v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,${createHmac('sha256', Buffer.alloc(3)).update(`${message.id}.1614265330.${body}`).digest('base64')}`,
    })
  })
})

describe('a webhook may lead', () => {
  const refused = [
    ...[
      'http://127.0.0.1/',
      'https://127.0.0.1/',
      'https://10.1.2.3/',
      'https://192.168.1.1:8443/',
    ],
    ...[
      'https://169.254.169.254/latest',
      'https://0.0.0.0/',
      'https://[::1]/',
      'https://[fe80::1]/',
    ],
    ...[
      'https://[::ffff:127.0.0.1]/',
      'https://[fd00::1]/',
      'https://2130706433/',
      'https://0x7f.1/',
    ],
    ...['http://example.com/', 'https://ada:pass@example.com/', 'https://[64:ff9b::7f00:1]/'],
  ]
  for (const url of refused) {
    test(`not to ${url}`, () => {
      const reach = makeReach([])
      assert.throws(() => reach.refuseAtSight(new URL(url)), { code: 'webhook/refused-address' })
    })
  }

  test('not where a name leads to this machine, which is found with each try', async () => {
    const refusal = { code: 'webhook/refused-address' }
    await assert.rejects(makeReach([]).placeOf(new URL('https://localhost/')), refusal)
    const open = makeReach(['127.0.0.0/8', '::1/128'])
    assert.ok((await open.placeOf(new URL('http://localhost/'))).address)
  })

  test('to the internet by https, and into networks that are allowed by http too', () => {
    makeReach([]).refuseAtSight(new URL('https://203.0.114.1/'))
    makeReach(['127.0.0.0/8']).refuseAtSight(new URL('http://127.0.0.1/'))
  })
})

describe('notices', () => {
  test('are told with what they tell of, or not at all', () =>
    inFleet(3, async ({ db, start, stateOf, say, in: inState }) => {
      const rollout = await start({ phases: [{ percent: 100, 'max-failures': 0 }] })
      const [first] = await inState(rollout, 'ordered')
      await say(first as DeviceId, 'restored', 'probation')
      assert.equal(await stateOf(rollout), 'halted')
      const told = await db.selectFrom('notice').select(['kind', 'data']).orderBy('id').execute()
      assert.deepEqual(
        told.map(({ kind }) => kind),
        ['failure.new', 'rollout.halted'],
      )
      const { package: name, why } = JSON.parse(told[1]?.data ?? '{}')
      assert.equal(name, 'acme/greenhouse')
      assert.match(why, /1 of 3/)
    }))

  test('that are told once are told once', () =>
    inFleet(1, async ({ db }) => {
      const data = { role: 'root', catalogue: '', expires: noon, percent: 75 }
      const notice = { kind: 'role.expiring' as const, fleet: '', data, now: noon, once: 'root 75' }
      await notify(db, notice)
      await notify(db, notice)
      assert.equal((await db.selectFrom('notice').selectAll().execute()).length, 1)
    }))
})

describe('the webhooks of a fleet', () => {
  let it: TestHouse
  let cookie: string
  let receiver: Receiver
  let now = new Date('2026-11-22T05:00:00Z')
  before(async () => {
    it = await openTestHouse()
    cookie = await it.admit('ada', { [fleet]: 'operator' })
    receiver = await openReceiver()
  })
  after(async () => {
    await receiver?.[Symbol.asyncDispose]()
    await it?.[Symbol.asyncDispose]()
  })

  const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) => {
    const url = `/v1/fleets/${fleet}/endpoints${path}`
    const headers = { cookie, origin, host: new URL(origin).host }
    const reply = await it.app.inject({ method, url, headers, ...(body && { payload: body }) })
    return { status: reply.statusCode, body: reply.body && JSON.parse(reply.body) }
  }
  /** The clock of what is sent is this test's; the house's own looks at what is due by the real one. */
  const reach = makeReach(['127.0.0.0/8'])
  const deliver = () => {
    const world = { ...it.house.world, now: () => now, random: () => new Uint8Array([127]) }
    return deliverDue({ store: it.house.store, world, reach }, new AbortController().signal)
  }

  test('are refused where they lead into the server’s own networks', async () => {
    const kinds: NoticeKind[] = ['rollout.halted']
    const { status, body } = await call('POST', '', { url: 'https://127.0.0.1/', kinds })
    assert.deepEqual([status, body.type], [403, 'webhook/refused-address'])
    const other = await call('POST', '', { url: 'ftp://example.com/', kinds })
    assert.equal(other.body.type, 'webhook/malformed-url')
  })

  test('are signed, tried again while they fail, logged, replayed, renewed and given up', async () => {
    const secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const id = 'end_0123456789abcdef0123'
    const made = { by: 'ada', now: toTimestamp(now) }
    const kinds: NoticeKind[] = ['endpoint.test', 'role.expiring']
    // The house refuses this machine, as it should: so it is put there by hand.
    await it.house.store.write('addEndpoint', {
      fleet,
      id,
      url: receiver.url,
      kinds,
      secret,
      ...made,
    })
    // Due when nobody lives to see it: the house's own clock never sends it, this test's does.
    receiver.answers.push(500, 302, 204)
    await it.house.store.write('testEndpoint', {
      fleet,
      id,
      by: 'ada',
      now: '9999-01-01T00:00:00Z',
    })
    now = new Date('9999-01-01T00:00:00Z')
    await deliver()
    assert.equal(receiver.got.length, 1)
    const first = (await call('GET', `/${id}/deliveries`)).body[0]
    assert.deepEqual([first.state, first.attempts, first.said], ['due', 1, 'answered 500'])
    assert.ok(Date.parse(first.nextAt) - now.getTime() <= (retryMs[0] ?? 0) * 1.2)
    for (const wait of [6000, 40_000]) {
      now = new Date(now.getTime() + wait)
      await deliver()
    }
    const [one, two, three] = receiver.got
    assert.equal(receiver.got.length, 3)
    assert.equal(new Set(receiver.got.map(({ headers }) => headers['webhook-id'])).size, 1)
    assert.equal(two?.path, one?.path)
    for (const { headers, body } of [one, three].filter(sent => sent !== undefined)) {
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
      const key = Buffer.from(secret, 'base64')
      const expected = createHmac('sha256', key).update(signed).digest('base64')
      assert.equal(headers['webhook-signature'], `v1,${expected}`)
    }
    assert.equal(JSON.parse(three?.body ?? '').type, 'endpoint.test')
    const log = (await call('GET', `/${id}/deliveries`)).body
    assert.deepEqual([log[0].state, log[0].attempts, log[0].status], ['sent', 3, 204])

    const renewed = (await call('POST', `/${id}/secret`)).body.secret
    assert.match(renewed, /^whsec_[A-Za-z0-9+/]{43}=$/)
    assert.equal((await call('POST', `/${id}/replay`, { delivery: log[0].id })).body.queued, 1)
    now = new Date('9999-06-01T00:00:00Z')
    receiver.answers.push(410)
    await deliver()
    assert.equal(receiver.got.at(-1)?.headers['webhook-id'], one?.headers['webhook-id'])
    const [endpoint] = (await call('GET', '')).body
    assert.deepEqual([endpoint.on, endpoint.why], [false, 'it said that it is gone'])
    const notices = await it.app.inject({ url: '/v1/notices', headers: { cookie } })
    assert.equal(JSON.parse(notices.body)[0].kind, 'endpoint.off')
    assert.ok(!JSON.stringify([endpoint, log, notices.body]).includes(secret))
    const audit = await it.house.store.db.selectFrom('audit').select(['act', 'after']).execute()
    assert.ok(audit.some(({ act }) => act === 'renewEndpointSecret'))
    assert.ok(!JSON.stringify(audit).includes(renewed.slice(6)))
    assert.equal((await call('DELETE', `/${id}`)).status, 204)
    assert.equal((await call('DELETE', `/${id}`)).body.type, 'endpoint/unknown')
  })
})

interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly answers: number[]
  readonly got: { path: string; headers: IncomingMessage['headers']; body: string }[]
}

async function openReceiver(): Promise<Receiver> {
  const [answers, got]: [number[], Receiver['got']] = [[], []]
  const server = createServer(async (request, reply) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const body = Buffer.concat(parts).toString()
    got.push({ path: request.url ?? '', headers: request.headers, body })
    const status = answers.shift() ?? 200
    reply.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    ...{ answers, got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
