import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type CallerKind,
  callerKinds,
  mayKindCall,
  permissions,
  type RouteSpec,
  reachOf,
  roleNames,
  routes,
  signOut,
  signRequest,
} from '@steadfleet/protocol'
import { fleet } from '../testing/test-fleet.ts'
import { type DeviceRow, openTestHouse, origin, type TestHouse } from '../testing/test-house.ts'
import { refuseUnlisted } from './app.ts'

let it: TestHouse
let device: DeviceRow
let elsewhere: DeviceRow
/** What each kind of caller brings: its cookie. */
const cookies = new Map<CallerKind, string>()

before(async () => {
  it = await openTestHouse()
  device = await it.addDevice(fleet)
  elsewhere = await it.addDevice('other')
  for (const role of roleNames) cookies.set(role, await it.admit(`every ${role}`, { '*': role }))
})
after(() => it?.[Symbol.asyncDispose]())

describe('the table of permissions', () => {
  test('has every route, and a server with another one does not start', () => {
    const all = new Set(Object.values(routes))
    refuseUnlisted(all)
    const more: RouteSpec = { ...routes.health!, path: '/v1/more' }
    assert.throws(() => refuseUnlisted(new Set([...all, more])), /\/v1\/more is not in the table/)
    all.delete(routes.health!)
    assert.throws(() => refuseUnlisted(all), /\/v1\/health is without a deed/)
  })

  test('lets viewers and auditors change nothing but what is their own', () => {
    for (const role of ['viewer', 'auditor'] as const) {
      const writes = Object.values(routes).filter(
        route => route.method !== 'GET' && mayKindCall(role, route),
      )
      assert.ok(writes.every(({ needs }) => needs === 'anyone' || needs === 'signed-in'))
    }
  })

  test('leaves keys, people, policy and the audit log to administrators', () => {
    const others = roleNames.filter(role => role !== 'administrator')
    for (const role of others) {
      const held: readonly string[] = permissions[role]
      assert.equal(held.includes('server:administer') || held.includes('people:write'), false)
      assert.equal(held.includes('audit:read'), role === 'auditor')
    }
  })
})

for (const kind of callerKinds) {
  describe(`as ${kind}`, () => {
    for (const [name, route] of Object.entries(routes)) {
      const may = mayKindCall(kind, route)
      test(`${name} is ${may ? 'answered' : 'refused'}`, async () => {
        assert.equal(await answered(kind, route), may)
      })
    }
  })
}

describe('a role for one fleet', () => {
  const own = new Map<string, string>()
  before(async () => {
    for (const role of roleNames) own.set(role, await it.admit(`one ${role}`, { [fleet]: role }))
  })

  for (const role of roleNames) {
    test(`as ${role} counts for that fleet, for no other, and not for the server`, async () => {
      const cookie = own.get(role) ?? ''
      for (const [name, route] of Object.entries(routes)) {
        if (route.needs === 'anyone' || route.needs === 'device') continue
        const may = mayKindCall(role, route)
        const reach = reachOf(route)
        const here = await codeOf(route, { cookie }, { fleet, device: device.id })
        const there = await codeOf(route, { cookie }, { fleet: 'other', device: elsewhere.id })
        const isHere = reach === 'any fleet' || (reach === 'its fleet' && isFound(route))
        assert.equal(isAnswer(here), may && isHere, `${name} here: ${here}`)
        assert.equal(isAnswer(there), may && reach === 'any fleet', `${name} there: ${there}`)
      }
    })
  }

  test('shows that fleet alone in what is of many', async () => {
    const read = async (url: string, cookie: string | undefined) =>
      JSON.parse((await it.app.inject({ url, headers: { cookie: cookie ?? '' } })).body)
    assert.deepEqual(
      (await read('/v1/fleets', own.get('viewer'))).map((one: { name: string }) => one.name),
      [fleet],
    )
    const seen = async (cookie: string | undefined) =>
      (await read('/v1/security-events', cookie))
        .map((one: { device: string }) => one.device)
        .sort()
    assert.deepEqual(await seen(own.get('viewer')), [device.id])
    assert.deepEqual(await seen(cookies.get('viewer')), [device.id, elsewhere.id].sort())
  })
})

/** What a path names here is a fleet or a device: a rollout or an event that is not there is of no fleet. */
function isFound({ path }: RouteSpec): boolean {
  return /:(fleet|device)\b/.test(path)
}

async function answered(kind: CallerKind, route: RouteSpec): Promise<boolean> {
  // Whoever signs out is refused from then on, as they should be.
  const cookie = route === signOut ? '' : (cookies.get(kind) ?? '')
  const place = { fleet, device: device.id }
  if (kind !== 'device') return isAnswer(await codeOf(route, { cookie }, place))
  const url = pathOf(route, place)
  const parts = { method: route.method, targetUri: origin + url }
  const nonce = it.house.nonces.make()
  const headers = await signRequest(
    parts,
    { nonce, sequence: 1 },
    { ...device.signer, keyid: device.id },
  )
  return isAnswer(await codeOf(route, { ...headers }, place))
}

const refusals = new Set(['request/not-signed-in', 'request/not-permitted'])

function isAnswer(code: string): boolean {
  return !refusals.has(code)
}

/** The code of a refusal; empty for a reply. A stream is let go as soon as it begins. */
async function codeOf(
  route: RouteSpec,
  headers: Record<string, string>,
  place: Readonly<Record<string, string>>,
): Promise<string> {
  const reply = await it.app.inject({
    method: route.method as 'GET',
    url: pathOf(route, place),
    headers: { host: new URL(origin).host, origin, ...headers },
    payloadAsStream: true,
  })
  const stream = reply.stream()
  if (reply.statusCode < 400) {
    stream.destroy()
    return ''
  }
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString()).type
}

function pathOf({ path }: RouteSpec, place: Readonly<Record<string, string>>): string {
  return path.replace(/[:*]([a-z]+)/g, (_, name: string) => place[name] ?? '9999')
}
