import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Role, type RouteSpec, roleNames, routes } from '@steadfleet/protocol'
import { fleet } from '../testing/test-fleet.ts'
import { openTestHouse, origin, type TestHouse } from '../testing/test-house.ts'

type Place = Readonly<Record<string, string>>

let it: TestHouse
let root: string
/** What is of the other fleet, and what is of none because it is not there. */
let other: Place
const absent: Place = {
  ...{ fleet: 'absent', device: `dev_${'0'.repeat(20)}` },
  ...{ rollout: '7777777', event: '7777777', defect: '7777777' },
}
const cookies = new Map<Role, string>()

before(async () => {
  it = await openTestHouse()
  root = await it.admit('root', { '*': 'administrator' })
  const added = await ask('POST', '/v1/fleets', root, { name: 'cellar' })
  assert.equal(added.statusCode, 200, added.body)
  await it.addDevice(fleet)
  const device = await it.addDevice('cellar')
  other = { fleet: 'cellar', device: device.id, ...(await fill()) }
  for (const role of roleNames) cookies.set(role, await it.admit(`one ${role}`, { [fleet]: role }))
})
after(() => it?.[Symbol.asyncDispose]())

for (const role of roleNames) {
  describe(`to a person who is ${role} of one fleet`, () => {
    for (const [name, route] of Object.entries(routes)) {
      if (!namesOfFleets(route.path)) continue
      test(`${name} says of another what it says of none`, async () => {
        assert.equal(await answerOf(role, route, other), await answerOf(role, route, absent))
      })
    }

    test('no list, export or figure tells of another', async () => {
      const lists = Object.values(routes).filter(
        ({ method, path, reply }) =>
          method === 'GET' &&
          !/[:*]/.test(path) &&
          reply !== 'events' &&
          path !== '/v1/openapi.json',
      )
      for (const { path } of lists) {
        const { statusCode, body } = await ask('GET', path, cookies.get(role) ?? '')
        for (const word of ['cellar', other.device ?? '']) {
          assert.equal(body.includes(word), false, `${path} ${statusCode} tells of ${word}`)
        }
      }
    })
  })
}

test('a question for another fleet is answered as one for none', async () => {
  const cookie = cookies.get('viewer') ?? ''
  const operator = cookies.get('operator') ?? ''
  const answers = async (place: Place) => {
    const asked = [
      `/v1/security-events?fleet=${place.fleet}`,
      `/v1/security-events?device=${place.device}`,
      `/v1/security-events/counts?fleet=${place.fleet}`,
      `/v1/defects?fleet=${place.fleet}`,
      `/v1/defects/export?fleet=${place.fleet}`,
      `/v1/fleets/${fleet}/grants?device=${place.device}`,
    ]
    const own = `/v1/fleets/${fleet}`
    const scope = `acme/greenhouse/device/${place.device}`
    const replies = await Promise.all([
      ...asked.map(path => ask('GET', path, cookie)),
      ask('PUT', `${own}/settings/${scope}`, operator, { values: {} }),
      ask('PUT', `${own}/grants/acme/greenhouse/network/device/${place.device}`, operator, {
        ...{ verdict: 'granted', revision: 1 },
      }),
    ])
    return replies.map(({ statusCode, body }) => `${statusCode} ${plain(body, place)}`)
  }
  assert.deepEqual(await answers(other), await answers(absent))
})

test('what changes in another fleet is not heard, what changes in the own one is', async () => {
  const headers = { host: new URL(origin).host, cookie: cookies.get('viewer') ?? '' }
  const reply = await it.app.inject({ url: '/v1/events', headers, payloadAsStream: true })
  const heard = reply.stream()[Symbol.asyncIterator]()
  await heard.next()
  for (const name of ['cellar', fleet]) {
    const set = await ask('PUT', `/v1/fleets/${name}/groups/attic`, root, { query: 'name == "x"' })
    assert.equal(set.statusCode, 200, set.body)
  }
  await ask('PUT', `/v1/fleets/cellar/updates`, root, {})
  await ask('PUT', `/v1/fleets/${fleet}/updates`, root, {})
  const { value } = await heard.next()
  assert.match(String(value), /"settings"/)
  const { value: second } = await heard.next()
  assert.match(String(second), /"devices"/)
  await heard.return?.()
})

describe('a fleet', () => {
  const wrong: [what: string, body: object, code: string][] = [
    ['that is there already', { name: 'cellar' }, 'fleet/exists'],
    ['of another owner', { name: 'b', owner: `own_${'0'.repeat(20)}` }, 'fleet/other-owner'],
    ['of a model that nobody published', { name: 'b', model: 'a/b/9/all' }, 'fleet/unknown-model'],
    ['of no name', { name: '*' }, 'schema/mismatch'],
  ]
  for (const [what, body, code] of wrong) {
    test(`${what} is not made`, async () => {
      assert.equal((await ask('POST', '/v1/fleets', root, body)).json().type, code)
      assert.equal((await ask('GET', '/v1/fleets', root)).json().length, 2)
    })
  }

  test('that was made can be joined, and stands in the audit log', async () => {
    const token = await ask('POST', '/v1/fleets/cellar/enrolment-tokens', root, {})
    assert.equal(token.statusCode, 200, token.body)
    const entries = (await ask('GET', '/v1/audit?act=addFleet', root)).json()
    assert.deepEqual([entries[0].by, entries[0].fleet], ['root', 'cellar'])
  })
})

function namesOfFleets(path: string): boolean {
  return /:(fleet|device|rollout|event|defect)\b/.test(path)
}

/** A rollout, an event and a defect of the other fleet. */
async function fill(): Promise<Place> {
  const { db } = it.house.store
  const event = await db
    .selectFrom('event')
    .innerJoin('device', 'device.id', 'event.device')
    .select('event.id')
    .where('device.fleet', '=', 'cellar')
    .executeTakeFirstOrThrow()
  const at = '2026-01-01T00:00:00Z'
  await using opened = await it.database.open()
  await opened.db
    .insertInto('rollout')
    .values({
      ...{ fleet: 'cellar', package: 'acme/greenhouse', revision: 1, channel: 'latest/stable' },
      ...{ state: 'running', phases: '[]', why: 'x', created_at: at },
    })
    .execute()
  await opened.db
    .insertInto('defect')
    .values({
      ...{ fleet: 'cellar', fingerprint: 'f', package: 'acme/greenhouse', app: 'a' },
      ...{ kind: 'crash', title: 't', state: 'new', first_seen: at, last_seen: at },
      ...{ first_revision: 1, last_revision: 1, count: 1, devices: 1 },
    })
    .execute()
  const rollout = await db.selectFrom('rollout').select('id').executeTakeFirstOrThrow()
  const defect = await db.selectFrom('defect').select('id').executeTakeFirstOrThrow()
  return { rollout: `${rollout.id}`, event: `${event.id}`, defect: `${defect.id}` }
}

/** All that a caller sees of an answer, with what was asked for taken out. */
async function answerOf(role: Role, route: RouteSpec, place: Place): Promise<string> {
  const url = route.path.replace(/[:*]([a-z]+)/g, (_, name: string) => place[name] ?? '9999')
  const reply = await ask(route.method, url, cookies.get(role) ?? '')
  const { date, 'steadfleet-nonce': nonce, 'x-request-id': id, ...headers } = reply.headers
  return plain(JSON.stringify([reply.statusCode, headers, reply.body]), place)
}

/** Numbers are left as they are: no answer may tell them. */
function plain(text: string, { fleet: name = '', device = '' }: Place): string {
  const length = /"content-length":"\d+",?/
  return text.replaceAll(name, '…').replaceAll(device, '…').replace(length, '')
}

function ask(method: string, url: string, cookie: string, body?: object) {
  const headers = { origin, host: new URL(origin).host, cookie }
  const payload = body === undefined ? '' : JSON.stringify(body)
  return it.app.inject({ method: method as 'GET', url, headers, payload })
}
