import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  hasNeed,
  type Role,
  type RouteSpec,
  reachOf,
  roleNames,
  routes,
} from '@steadfleet/protocol'
import { fleet } from '../packages/server/src/testing/test-fleet.ts'
import { openTestHouse, origin, type TestHouse } from '../packages/server/src/testing/test-house.ts'
import { mutated } from './mutate.ts'
import { type Random, randomOf } from './random.ts'

/** A small share in each run of the tests; `STEADFLEET_FUZZ_RUNS=20000 node --test fuzz/permissions.test.ts` for more. */
const runs = Number(process.env.STEADFLEET_FUZZ_RUNS ?? 300)
const seed = Number(process.env.STEADFLEET_FUZZ_SEED ?? 26)

interface Person {
  readonly role: Role
  /** `*` for the server and every fleet. */
  readonly where: string
  readonly cookie: string
  readonly token: string
}

/** What one input asks as, and what the server knows them by: nobody, where that was bent. */
interface Asker {
  readonly person: Person | undefined
  readonly headers: Readonly<Record<string, string>>
}

let it: TestHouse
const people: Person[] = []
const devices = new Map<string, string>()
// Who signs out, or removes people and machines, would end what the next inputs ask as.
const tried = Object.values(routes).filter(
  ({ path, method, reply }) =>
    reply !== 'events' &&
    path !== '/v1/sign-out' &&
    path !== '/v1/backup' &&
    !(method === 'DELETE' && /people|machines|sessions/.test(path)),
)

before(async () => {
  it = await openTestHouse()
  const root = await it.admit('root', { '*': 'administrator' })
  await ask('POST', '/v1/fleets', { cookie: root }, { name: 'other' })
  for (const where of [fleet, 'other', '*']) {
    if (where !== '*') devices.set(where, (await it.addDevice(where)).id)
    for (const role of roleNames) {
      const name = `${role} of ${where === '*' ? 'all' : where}`
      const cookie = await it.admit(name, { [where]: role })
      const machine = { name: `${role}-${where === '*' ? 'all' : where}`, role, days: 1 }
      const only = where === '*' ? {} : { fleet: where }
      const made = await ask('POST', '/v1/machines', { cookie: root }, { ...machine, ...only })
      people.push({ role, where, cookie, token: made.json().token })
    }
  }
})
after(() => it?.[Symbol.asyncDispose]())

test(`nobody of ${runs} askers is answered what the table does not give them`, async () => {
  let [answered, refused] = [0, 0]
  for (let index = 0; index < runs; index += 1) {
    const random = randomOf(seed, index)
    const route = random.pick(tried)
    const place = random.pick([fleet, 'other', 'absent'])
    const asker = askerOf(random)
    const reply = await ask(route.method, pathOf(route, place), asker.headers)
    const isAnswered = reply.statusCode < 300
    answered += Number(isAnswered)
    refused += Number(!isAnswered)
    const what = `input ${index}: ${route.method} ${route.path} at ${place} as ${nameOf(asker)}`
    assert.ok(reply.statusCode !== 500, `${what}: ${reply.body}`)
    if (isAnswered) assert.ok(mayAsk(asker.person, route, place), `${what}: ${reply.statusCode}`)
  }
  // A server that refuses everything, or answers everything, has not been tried.
  assert.ok(answered > runs / 50 && refused > runs / 50, `${answered} answered, ${refused} refused`)
})

/** The table said again, apart from the server's own reading of it. */
function mayAsk(person: Person | undefined, route: RouteSpec, place: string): boolean {
  const { needs } = route
  if (needs === 'anyone') return true
  if (person === undefined || needs === 'device') return false
  if (needs === 'signed-in') return true
  if (!hasNeed(person.role, needs)) return false
  if (person.where === '*') return true
  const reach = reachOf(route)
  return reach === 'any fleet' || (reach === 'its fleet' && person.where === place)
}

/** Ways to say who asks; whatever is bent is of nobody. */
function askerOf(random: Random): Asker {
  const person = random.pick(people)
  const { cookie, token } = person
  const session = cookie.slice(cookie.indexOf('=') + 1)
  const page = { origin }
  const bent = (text: string): string => {
    const other = Buffer.from(mutated(Buffer.from(text), random)).toString('latin1')
    // What HTTP itself does not carry never reaches us.
    const carried = other.replace(/[^\x21-\x7e]/g, '_').slice(0, 4000)
    return carried === text || carried.includes(text) ? `${text.slice(1)}!` : carried
  }
  const nobody = (headers: Record<string, string>): Asker => ({ person: undefined, headers })
  const ways: readonly (() => Asker)[] = [
    () => ({ person, headers: { ...page, cookie } }),
    () => ({ person, headers: { ...page, cookie: `other=1; ${cookie}; more=2` } }),
    () => ({ person, headers: { authorization: `Bearer ${token}` } }),
    () => nobody({}),
    () => nobody({ ...page, cookie: `steadfleet=${bent(session)}` }),
    () => nobody({ ...page, cookie: `Steadfleet=${session}` }),
    () => nobody({ ...page, cookie: `steadfleet=x; ${cookie}` }),
    () => nobody({ ...page, cookie: `xsteadfleet=${session}` }),
    () => nobody({ authorization: `Bearer ${bent(token)}` }),
    () => nobody({ authorization: `Bearer ${session}` }),
    () => nobody({ authorization: `Basic ${token}` }),
    () => nobody({ ...page, cookie: `steadfleet=${token}` }),
    // A token that is nobody's is not made good by a session beside it.
    () => nobody({ ...page, cookie, authorization: `Bearer ${'x'.repeat(43)}` }),
    () => nobody({ ...page, cookie, 'signature-input': bent('sig=();nonce="x"') }),
  ]
  return random.pick(ways)()
}

function nameOf({ person, headers }: Asker): string {
  return `${person ? `${person.role} of ${person.where}` : 'nobody'} by ${JSON.stringify(headers)}`
}

function pathOf({ path }: RouteSpec, place: string): string {
  const named: Record<string, string> = {
    fleet: place,
    device: devices.get(place) ?? `dev_${'0'.repeat(20)}`,
  }
  return path.replace(/[:*]([a-z]+)/g, (_, name: string) => named[name] ?? '9999')
}

function ask(method: string, url: string, headers: Record<string, string>, body?: object) {
  const all = { host: new URL(origin).host, ...(body && { origin }), ...headers }
  const payload = body === undefined ? '' : JSON.stringify(body)
  return it.app.inject({ method: method as 'GET', url, headers: all, payload })
}
