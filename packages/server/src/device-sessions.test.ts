import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { rawPublicKey, type Signer } from '@steadfleet/authority'
import { toHex } from '@steadfleet/base'
import type { DeviceEvent, DeviceId, PackageName } from '@steadfleet/domain'
import {
  checkIn,
  deviceTimeline,
  makeClient,
  makeSessionKeys,
  makeShare,
  openDeviceSession,
  type RequestSigner,
  routes,
  type SignedParts,
  signerInSession,
  signRequest,
  type Transport,
  type TransportRequest,
} from '@steadfleet/protocol'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { House } from './house.ts'
import { makeApp } from './http/app.ts'
import { hashOf } from './http/secrets.ts'
import { makeRecent } from './recent.ts'
import { deviceWith, type TestDevice } from './testing/test-device.ts'
import { openTestHouse, origin, type TestHouse } from './testing/test-house.ts'

let it: TestHouse
/** A second process on the same database: what it remembers is its own. */
let second: FastifyInstance
/** By how much the server's clock runs ahead. */
let ahead = 0

before(async () => {
  it = await openTestHouse()
  const { world } = it.house
  const ours: House = { ...it.house, deviceSessions: makeRecent(10) }
  Object.assign(it.house, {
    world: { ...world, now: () => new Date(world.now().getTime() + ahead) },
  })
  second = await makeApp(ours, pino({ level: 'silent' }))
})
after(async () => {
  await second.close()
  await it[Symbol.asyncDispose]()
})

describe('a device with session keys', () => {
  test('proves itself once, and signs what follows in its session', async () => {
    const device = await inSession()
    await device.unchanged()
    await device.unchanged()
    assert.deepEqual(
      device.sent.map(one => [one.url.split('/').at(-1), algorithmOf(one), sequenceOf(one)]),
      [
        ['session', 'ed25519', 1],
        ['session', 'ed25519', 1],
        ['check-in', 'hmac-sha256', 1],
        ['check-in', 'hmac-sha256', 2],
        ['check-in', 'hmac-sha256', 3],
      ],
    )
  })

  test('goes on at another process, and after this one has forgotten', async () => {
    const device = await inSession()
    device.app = second
    await device.unchanged()
    it.house.deviceSessions.clear()
    device.app = it.app
    await device.unchanged()
    assert.equal(device.opened(), 1)
  })

  test('opens another where its session is over, and nothing of the check-in is lost', async () => {
    const device = await inSession()
    ahead = 7 * 3_600_000
    await device.unchanged()
    ahead = 0
    assert.equal(device.opened(), 2)
  })

  test('needs no clock: one that is wrong by a year changes nothing', async () => {
    const device = await inSession()
    await device.told.checkIn({})
    assert.equal(device.opened(), 1)
    assert.doesNotMatch(String(device.sent.at(-1)?.headers['signature-input']), /created|expires/)
  })

  test('is known by its key where the server has no sessions', async () => {
    const device = make(await it.addDevice('home'))
    device.intercept = request =>
      request.url.endsWith('/session') ? problem(404, 'request/unknown-route') : undefined
    await device.told.checkIn()
    await device.unchanged()
    const used = device.sent.map(one => [one.url.split('/').at(-1), algorithmOf(one)])
    assert.deepEqual(used.at(-1), ['check-in', 'ed25519'])
    assert.equal(used.filter(([route]) => route === 'session').length, 1)
  })

  test('of before there were sessions is taken as it was', async () => {
    const { id, signer } = await it.addDevice('home')
    const client = makeClient({
      origin,
      transport: byInject(() => it.app),
      signing: { signer: { ...signer, keyid: id }, signRequest },
    })
    assert.equal((await deviceWith(id as DeviceId, signer, client).checkIn()).acknowledged, 0)
  })
})

describe('who attacks a session', () => {
  test('and sends a request again is refused, at this process and at another', async () => {
    const device = await inSession()
    device.app = second
    await device.unchanged()
    device.app = it.app
    await device.unchanged()
    const [last] = device.sent.slice(-1)
    for (const app of [it.app, second]) {
      assert.equal(await codeOf(app, last!), 'request/replayed')
    }
  })

  test('and sends a lower sequence is refused, also where nobody saw the higher one', async () => {
    const device = await inSession()
    device.app = second
    const withheld = await device.signed(checkIn.method, checkIn.path, unchangedOf(1))
    for (let i = 0; i < 2; i += 1) await device.unchanged()
    assert.equal(await codeOf(it.app, withheld), 'request/replayed')
  })

  const changes: [what: string, change: (one: TransportRequest) => Partial<TransportRequest>][] = [
    ['the body', () => ({ body: Buffer.from('{"unchanged":1,"events":[ ]}') })],
    ['the sequence', one => withInput(one, /\.\d+"/, '.999"')],
    ['the route', () => ({ url: `${origin}/v1/devices/self/output` })],
    ['the method', () => ({ method: 'GET', url: `${origin}/v1/devices/self/events` })],
  ]
  for (const [what, change] of changes) {
    test(`and changes ${what} is refused`, async () => {
      const device = await inSession()
      const next = await device.signed(checkIn.method, checkIn.path, unchangedOf(1))
      assert.equal(await codeOf(it.app, { ...next, ...change(next) }), 'request/bad-signature')
    })
  }

  test('and swaps the nonce is refused, even with the key', async () => {
    const device = await inSession()
    const nonce = String((await it.app.inject('/v1/fleets')).headers['steadfleet-nonce'])
    const swapped = await device.signed(checkIn.method, checkIn.path, unchangedOf(1), { nonce })
    assert.equal(await codeOf(it.app, swapped), 'request/session-over')
  })

  test('and has the session of another device signs for that one alone', async () => {
    const [mine, other] = [await inSession(), await inSession()]
    const foreign = { ...mine.signer, keyid: other.signer.keyid }
    const forged = await mine.signed(checkIn.method, checkIn.path, unchangedOf(1), {}, foreign)
    assert.equal(await codeOf(it.app, forged), 'request/bad-signature')
    // A report of the other device's is none of this one's.
    await assert.rejects(mine.told.checkIn({ device: other.told.id }), {
      code: 'device/wrong-report',
    })
  })

  test('and takes a public key for a shared one is refused, as is the other way round', async () => {
    const device = await inSession()
    const mac = signerInSession(device.told.id, rawPublicKey(device.told.signer))
    const asMac = await device.signed(checkIn.method, checkIn.path, unchangedOf(1), {}, mac)
    assert.equal(await codeOf(it.app, asMac), 'request/malformed')
    const asKey = { keyid: device.signer.keyid, sign: device.told.signer.sign }
    const down = await device.signed(checkIn.method, checkIn.path, unchangedOf(1), {}, asKey)
    assert.equal(await codeOf(it.app, down), 'request/malformed')
  })

  test('and comes after its end is refused', async () => {
    const device = await inSession()
    const late = await device.signed(checkIn.method, checkIn.path, unchangedOf(1))
    ahead = 6 * 3_600_000 + 1000
    assert.equal(await codeOf(it.app, late), 'request/session-over')
    ahead = 0
    await it.house.store.write('enrolDevice', await tokenFor(device.told))
    assert.equal(await codeOf(it.app, late), 'request/session-over', 're-enrolled meanwhile')
  })

  test('and has it of a device that was decommissioned is refused, as is the device itself', async () => {
    const device = await inSession()
    const late = await device.signed(checkIn.method, checkIn.path, unchangedOf(1))
    const act = { act: 'decommission' } as const
    const now = '2026-11-21T00:00:00Z'
    await it.house.store.write('actOnDevice', { device: device.told.id, act, by: 'ada', now })
    assert.equal(await codeOf(it.app, late), 'request/session-over')
    it.house.keyHolders.clear()
    await assert.rejects(device.unchanged(), { code: 'device/decommissioned' })
  })

  test('and brings it before another server is refused: its address is in what is signed', async () => {
    const device = await inSession()
    const elsewhere = `http://other.example${checkIn.path}`
    const foreign = await device.signed(checkIn.method, elsewhere, unchangedOf(1))
    const carried = { ...foreign, url: origin + checkIn.path }
    assert.equal(await codeOf(it.app, carried), 'request/bad-signature')
  })

  test('and offers a key of small order opens none', async () => {
    const { client } = make(await it.addDevice('home'))
    const zero = client.call(openDeviceSession, { body: { key: '00'.repeat(32) } })
    await assert.rejects(zero, { code: 'request/weak-share' })
  })

  test('and offers its own half to a device gets no session of the server’s', async () => {
    const device = make(await it.addDevice('home'))
    const { publicKey } = makeShare(randomBytes(32))
    device.rewrite = (request, body) =>
      request.url.endsWith('/session') ? { ...body, key: publicKey } : body
    await assert.rejects(device.told.checkIn(), { code: 'request/bad-signature' })
  })
})

describe('who stole a session’s key', () => {
  test('opens no further session, and calls no route of people', async () => {
    const device = await inSession()
    const { publicKey: key } = makeShare(randomBytes(32))
    const { method, path } = openDeviceSession
    const more = await device.signed(method, path, { key })
    assert.equal(await codeOf(it.app, more), 'request/not-permitted')
    const people = Object.values(routes).filter(
      one => one.needs !== 'device' && one.needs !== 'anyone' && one.method === 'GET',
    )
    for (const { path } of people.filter(one => !/[:*]/.test(one.path))) {
      const asked = await device.signed('GET', path)
      assert.equal(await codeOf(it.app, asked), 'request/not-permitted', path)
    }
  })

  test('says nothing that a rollout counts: its reports and its events are not signed', async () => {
    const device = await inSession()
    const event: DeviceEvent = {
      ...{ sequence: 1, at: '2026-11-21T00:00:00Z', kind: 'failure', message: 'made up' },
      failure: { kind: 'probation', package: greenhouse, revision: 1, reason: '', log: [] },
    }
    const body = { ...unchangedOf(1), events: [event] }
    const told = await device.signed(checkIn.method, checkIn.path, body)
    assert.equal(await codeOf(it.app, told), 'device/wrong-report')
    const thief = (await it.addDevice('home')).signer
    await assert.rejects(device.told.checkIn({ by: thief }), { code: 'trust/threshold' })
    const reader = await it.admit(`reader ${device.told.id}`, { '*': 'viewer' })
    const url = deviceTimeline.path.replace(':device', device.told.id)
    const { payload } = await it.app.inject({ url, headers: { cookie: reader } })
    assert.doesNotMatch(payload, /made up/)
  })

  test('can say that nothing has changed, until the device opens another', async () => {
    const device = await inSession()
    const stolen = await device.signed(checkIn.method, checkIn.path, unchangedOf(1))
    assert.equal(await codeOf(it.app, stolen), undefined)
    await it.house.store.write('openDeviceSession', {
      ...{ device: device.told.id, id: 'dss_another', secret: toHex(randomBytes(32)), nonce: 'n' },
      expiresAt: '2099-01-01T00:00:00Z',
    })
    const again = await device.signed(checkIn.method, checkIn.path, unchangedOf(1))
    assert.equal(await codeOf(it.app, again), 'request/session-over')
  })
})

const greenhouse = 'acme/greenhouse' as PackageName
const unchangedOf = (unchanged: number) => ({ unchanged, events: [] as DeviceEvent[] })

interface Attacked {
  readonly told: TestDevice
  readonly client: TestDevice['client']
  readonly sent: TransportRequest[]
  /** What signs in the session that was opened last. */
  readonly signer: RequestSigner
  app: FastifyInstance
  intercept: ((request: TransportRequest) => Awaited<ReturnType<Transport>> | undefined) | undefined
  rewrite: (request: TransportRequest, body: object) => object
  unchanged(): Promise<unknown>
  /** How many sessions it opened. */
  opened(): number
  /** The next request of its session, which is not sent. */
  signed(
    method: string,
    path: string,
    body?: object,
    fresh?: { readonly nonce?: string },
    by?: RequestSigner,
  ): Promise<TransportRequest>
}

/** A device that has opened a session and said in it what it runs. */
async function inSession(): Promise<Attacked> {
  const device = make(await it.addDevice('home'))
  await device.told.checkIn()
  return device
}

function make({ id, signer }: { readonly id: string; readonly signer: Signer }): Attacked {
  const sent: TransportRequest[] = []
  let inUse: RequestSigner | undefined
  let signedUnsent = 0
  const keys = makeSessionKeys(randomBytes)
  const sessions = {
    offer() {
      const { publicKey, accept } = keys.offer()
      return {
        publicKey,
        accept: (terms: Parameters<typeof accept>[0]) => {
          inUse = accept(terms)
          return inUse
        },
      }
    },
  }
  const transport: Transport = async request => {
    sent.push(request)
    const held = device.intercept?.(request)
    if (held) return held
    return byInject(
      () => device.app,
      body => device.rewrite(request, body),
    )(request)
  }
  const signing = { signer: { ...signer, keyid: id }, signRequest, sessions }
  const client = makeClient({ origin, transport, signing })
  const device: Attacked = {
    ...{ client, sent, app: it.app, intercept: undefined, rewrite: (_, body) => body },
    told: deviceWith(id as DeviceId, signer, client),
    get signer() {
      return inUse!
    },
    unchanged: () => client.call(checkIn, { body: unchangedOf(1) }),
    opened: () => sent.filter(one => one.url.endsWith('/session')).length - stale(sent),
    async signed(method, path, body, fresh, by = inUse!) {
      const url = path.startsWith('http') ? path : origin + path
      const bytes = body && Buffer.from(JSON.stringify(body))
      const parts: SignedParts = { method, targetUri: url, body: bytes }
      const last = sent.findLast(one => algorithmOf(one) === 'hmac-sha256')!
      const nonce = fresh?.nonce ?? nonceOf(last)
      signedUnsent += 1
      const sequence = sequenceOf(last) + signedUnsent
      const headers = await signRequest(parts, { nonce, sequence }, by)
      const type = body && { 'content-type': 'application/json' }
      return { method, url, headers: { ...type, ...headers }, body: bytes }
    },
  }
  return device
}

/** How many were refused for their nonce before they were looked at. */
function stale(sent: readonly TransportRequest[]): number {
  return sent.filter(one => nonceOf(one) === 'none').length
}

function byInject(
  appOf: () => FastifyInstance,
  rewrite: (body: object) => object = body => body,
): Transport {
  return async ({ method, url, headers, body }) => {
    const reply = await appOf().inject({
      method: method as 'POST',
      url: url.replace(origin, ''),
      headers: { ...headers, host: new URL(origin).host },
      ...(body && { payload: Buffer.from(body) }),
    })
    const text = JSON.stringify(rewrite(JSON.parse(reply.payload || 'null')))
    return {
      status: reply.statusCode,
      headers: reply.headers as Record<string, string>,
      body: bytesOf(text),
    }
  }
}

/** By which code a process refuses a request; undefined where it does not. */
async function codeOf(
  app: FastifyInstance,
  request: TransportRequest,
): Promise<string | undefined> {
  const { status, body } = await byInject(() => app)(request)
  if (status < 400) return undefined
  let text = ''
  for await (const chunk of body) text += Buffer.from(chunk).toString()
  return JSON.parse(text).type
}

async function tokenFor({ id, signer }: TestDevice) {
  const hash = hashOf(id)
  await it.house.store.write('createEnrolmentToken', {
    ...{ hash, fleet: 'home', expiresAt: '2099-01-01T00:00:00Z' },
  })
  const publicKey = toHex(rawPublicKey(signer))
  const claim = { publicKey, name: 'shelf', model: 'a/b', architecture: 'amd64' as const }
  return { hash, device: id, claim, now: '2026-11-21T00:00:00Z' }
}

function problem(status: number, type: string) {
  return { status, headers: {}, body: bytesOf(JSON.stringify({ type, title: type, status })) }
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

function inputOf({ headers }: TransportRequest): string {
  return headers['signature-input'] ?? ''
}

function withInput(one: TransportRequest, from: RegExp, to: string): Partial<TransportRequest> {
  return { headers: { ...one.headers, 'signature-input': inputOf(one).replace(from, to) } }
}

function algorithmOf(one: TransportRequest): string {
  return /alg="([^"]+)"/.exec(inputOf(one))?.[1] ?? ''
}

function nonceOf(one: TransportRequest): string {
  return /nonce="([^".]+)/.exec(inputOf(one))?.[1] ?? ''
}

function sequenceOf(one: TransportRequest): number {
  return Number(/nonce="[^".]+\.(\d+)"/.exec(inputOf(one))?.[1])
}
