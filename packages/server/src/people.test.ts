import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { MachineView, PersonView, SessionView } from '@steadfleet/protocol'
import { makeSoftPasskey, type SoftPasskey } from './testing/soft-passkey.ts'
import { fleet } from './testing/test-fleet.ts'
import { openTestHouse, origin, type TestHouse } from './testing/test-house.ts'

let it: TestHouse
let root: string

before(async () => {
  it = await openTestHouse()
  root = await it.admit('root', { '*': 'administrator' })
})
after(() => it?.[Symbol.asyncDispose]())

describe('an invitation', () => {
  test('is a link that lets one person in, once, as what they were invited to be', async () => {
    const { link } = await invite('vera', { [fleet]: 'viewer' })
    const cookie = await it.signIn(link.token)
    const who = await read('/v1/session', cookie)
    assert.deepEqual([who.name, who.roles], ['vera', { [fleet]: 'viewer' }])
    assert.equal((await ask('POST', '/v1/sign-in', '', { token: link.token })).statusCode, 403)
  })

  const wrong: [what: string, body: object, code: string][] = [
    ['of a name that is taken', { name: 'vera', roles: {} }, 'person/exists'],
    ['to a fleet that is not there', { name: 'ben', roles: { mars: 'viewer' } }, 'fleet/unknown'],
    ['to a role that is not there', { name: 'ben', roles: { '*': 'king' } }, 'schema/mismatch'],
    ['of what is no name', { name: 'Ben <b>', roles: {} }, 'schema/mismatch'],
  ]
  for (const [what, body, code] of wrong) {
    test(`${what} is refused, and nobody is admitted`, async () => {
      const people = await read('/v1/people', root)
      assert.equal(await codeOf(ask('POST', '/v1/people', root, body)), code)
      assert.deepEqual(await read('/v1/people', root), people)
    })
  }
})

describe('a person', () => {
  test('who is given another role is that from the next request on', async () => {
    const { person, link } = await invite('olga', { '*': 'viewer' })
    const cookie = await it.signIn(link.token)
    const write = () => ask('PUT', `/v1/fleets/${fleet}/groups/attic`, cookie, { query: 'true' })
    assert.equal((await write()).statusCode, 403)
    await ask('PUT', `/v1/people/${person.id}/roles`, root, { roles: { [fleet]: 'operator' } })
    assert.equal((await write()).statusCode, 200)
    await ask('PUT', `/v1/people/${person.id}/roles`, root, { roles: {} })
    assert.equal((await write()).statusCode, 403)
  })

  test('sees their sessions and ends them, and nobody else’s', async () => {
    const first = await it.signIn((await invite('petra', {})).link.token)
    const petra = await personNamed('petra')
    const second = await it.signIn((await linkFor(petra.id)).token)
    const sessions: SessionView[] = await read('/v1/sessions', second)
    assert.deepEqual(sessions.map(({ isThis, address }) => [isThis, address]).sort(), [
      [false, '127.0.0.1'],
      [true, '127.0.0.1'],
    ])
    const other = sessions.find(({ isThis }) => !isThis)!
    const roots: SessionView[] = await read('/v1/sessions', root)
    const foreign = ask('DELETE', `/v1/sessions/${roots[0]!.id}`, second)
    assert.equal(await codeOf(foreign), 'session/unknown')
    assert.equal((await ask('DELETE', `/v1/sessions/${other.id}`, second)).statusCode, 204)
    assert.equal((await ask('GET', '/v1/session', first)).statusCode, 401)
    assert.equal((await ask('GET', '/v1/session', second)).statusCode, 200)
    await ask('DELETE', `/v1/people/${petra.id}/sessions`, root)
    assert.equal((await ask('GET', '/v1/session', second)).statusCode, 401)
  })

  test('who is removed is out at once, and cannot come back by any old way', async () => {
    const { person, link } = await invite('quinn', { '*': 'viewer' })
    const cookie = await it.signIn(link.token)
    const { codes } = (await ask('POST', '/v1/recovery-codes', cookie)).json()
    const unused = await linkFor(person.id)
    await ask('DELETE', `/v1/people/${person.id}`, root)
    assert.equal((await ask('GET', '/v1/session', cookie)).statusCode, 401)
    const code = { code: codes[0] }
    assert.equal(await codeOf(ask('POST', '/v1/sign-in', '', unused)), 'schema/mismatch')
    const token = { token: unused.token }
    assert.equal(await codeOf(ask('POST', '/v1/sign-in', '', token)), 'sign-in/refused')
    const byCode = ask('POST', '/v1/sign-in/recovery-code', '', code)
    assert.equal(await codeOf(byCode), 'sign-in/refused')
  })
})

describe('recovery codes', () => {
  test('let their person in once each, however they are typed; new ones end the old', async () => {
    const cookie = await it.signIn((await invite('rosa', {})).link.token)
    const { codes } = (await ask('POST', '/v1/recovery-codes', cookie)).json()
    assert.equal(new Set(codes).size, 8)
    const typed = codes[0].toUpperCase().replaceAll('-', ' ')
    const come = (code: string) => ask('POST', '/v1/sign-in/recovery-code', '', { code })
    assert.deepEqual((await come(typed)).json(), { name: 'rosa' })
    assert.equal(await codeOf(come(codes[0])), 'sign-in/refused')
    await ask('POST', '/v1/recovery-codes', cookie)
    assert.equal(await codeOf(come(codes[1])), 'sign-in/refused')
  })

  test('are kept as digests, and stand in no log', async () => {
    const cookie = await it.signIn((await invite('sara', {})).link.token)
    const { codes } = (await ask('POST', '/v1/recovery-codes', cookie)).json()
    const exported = (await ask('GET', '/v1/audit/export', root)).body
    for (const code of codes) assert.equal(exported.includes(code), false)
    const rows = await it.house.store.db.selectFrom('recovery_code').select('hash').execute()
    assert.ok(rows.every(({ hash }) => /^sha256:[0-9a-f]{64}$/.test(hash)))
  })
})

describe('a machine’s token', () => {
  test('is good for its role, where it was given, until it ends or is taken back', async () => {
    const made = await ask('POST', '/v1/machines', root, {
      ...{ name: 'graphs', role: 'viewer', fleet, days: 30 },
    })
    const { machine, token }: { machine: MachineView; token: string } = made.json()
    const by = (url: string, method = 'GET') =>
      it.app.inject({
        method: method as 'GET',
        url,
        headers: { authorization: `Bearer ${token}`, host: new URL(origin).host },
      })
    assert.equal((await by(`/v1/fleets/${fleet}/devices`)).statusCode, 200)
    assert.equal((await by('/metrics')).statusCode, 403)
    assert.equal((await by('/v1/recovery-codes', 'POST')).statusCode, 403)
    assert.equal((await by(`/v1/fleets/${fleet}/groups/a`, 'DELETE')).statusCode, 403)
    const again = { name: 'graphs', role: 'viewer', days: 1 }
    assert.equal(await codeOf(ask('POST', '/v1/machines', root, again)), 'machine/exists')
    const listed: MachineView[] = await read('/v1/machines', root)
    assert.deepEqual(listed, [machine])
    assert.equal((await ask('DELETE', `/v1/machines/${machine.id}`, root)).statusCode, 204)
    assert.equal((await by(`/v1/fleets/${fleet}/devices`)).statusCode, 401)
  })

  test('cannot be made without an end, or for longer than 90 days', async () => {
    for (const days of [0, 91, undefined]) {
      const body = { name: 'long', role: 'viewer', days }
      assert.equal(await codeOf(ask('POST', '/v1/machines', root, body)), 'schema/mismatch')
    }
  })
})

describe('a passkey', () => {
  let passkey: SoftPasskey
  let anna: string
  let count = 0

  beforeEach(async () => {
    count += 1
    anna = await it.signIn((await invite(`anna${count}`, { '*': 'viewer' })).link.token)
    passkey = makeSoftPasskey(origin)
  })

  test('that its person added lets them in, and is listed and forgotten', async () => {
    assert.equal((await add()).statusCode, 200)
    const reply = await come(passkey.answer(await question(), { counter: 2 }))
    assert.deepEqual(reply.json(), { name: `anna${count}` })
    assert.match(String(reply.headers['set-cookie']), /HttpOnly; SameSite=Strict/)
    const [kept] = await read('/v1/passkeys', anna)
    assert.deepEqual([kept.id, kept.name, kept.usedAt !== null], [passkey.id, 'laptop', true])
    assert.equal((await ask('DELETE', `/v1/passkeys/${passkey.id}`, anna)).statusCode, 204)
    const gone = come(passkey.answer(await question(), { counter: 3 }))
    assert.equal(await codeOf(gone), 'sign-in/refused')
  })

  const lies: [what: string, says: Parameters<SoftPasskey['answer']>[1]][] = [
    ['from a page of another origin', { origin: 'https://fleet.example.evil' }],
    ['for another server’s name', { party: 'other.example' }],
    ['that nobody unlocked', { flags: 0b001 }],
    ['that nobody touched', { flags: 0b100 }],
    ['of a copy that counts from below', { counter: 1 }],
  ]
  for (const [what, says] of lies) {
    test(`answers nothing ${what}`, async () => {
      await add()
      await come(passkey.answer(await question(), { counter: 5 }))
      const answer = passkey.answer(await question(), { counter: 6, ...says })
      assert.equal(await codeOf(come(answer)), 'sign-in/refused')
    })
  }

  test('answers a question once, of this server, and no other', async () => {
    await add()
    const answer = passkey.answer(await question(), { counter: 2 })
    const changed = { ...answer, response: { ...answer.response, signature: 'MEUCIQ' } }
    assert.equal(await codeOf(come(changed)), 'sign-in/refused')
    // The forged one has not used it up.
    assert.equal((await come(answer)).statusCode, 200)
    const replayed = await codeOf(come(answer))
    assert.ok(['sign-in/refused', 'request/replayed'].includes(replayed), replayed)
    const own = {
      challenge: Buffer.from('of my own making, and long enough').toString('base64url'),
    }
    assert.equal(await codeOf(come(passkey.answer(own, { counter: 9 }))), 'sign-in/refused')
  })

  test('that does not count is taken each time', async () => {
    await ask('POST', '/v1/passkeys', anna, {
      name: 'phone',
      passkey: passkey.create(await newQuestion(), { counter: 0 }),
    })
    for (let times = 0; times < 2; times += 1) {
      const reply = await come(passkey.answer(await question(), { counter: 0 }))
      assert.equal(reply.statusCode, 200)
    }
  })

  test('is made for who is signed in, from our own pages', async () => {
    const body = { name: 'x', passkey: passkey.create(await newQuestion()) }
    assert.equal((await ask('POST', '/v1/passkeys', '', body)).statusCode, 401)
    const elsewhere = {
      name: 'x',
      passkey: passkey.create(await newQuestion(), { origin: 'http://evil.example' }),
    }
    assert.equal(await codeOf(ask('POST', '/v1/passkeys', anna, elsewhere)), 'passkey/refused')
    await add()
    const twice = { name: 'x', passkey: passkey.create(await newQuestion()) }
    assert.equal(await codeOf(ask('POST', '/v1/passkeys', anna, twice)), 'passkey/refused')
  })

  async function add() {
    const body = { name: 'laptop', passkey: passkey.create(await newQuestion()) }
    return ask('POST', '/v1/passkeys', anna, body)
  }
  async function newQuestion() {
    return (await ask('POST', '/v1/passkeys/question', anna)).json()
  }
})

describe('signing in', () => {
  test('from a page of another origin is refused, whatever it brings', async () => {
    const { link } = await invite('zoe', {})
    const reply = ask('POST', '/v1/sign-in', '', { token: link.token }, 'http://evil.example')
    assert.equal(await codeOf(reply), 'request/other-origin')
    assert.notEqual(await it.signIn(link.token), '')
  })

  test('is slowed down for an address that was refused too often, and for no other', async () => {
    const guess = (address: string) =>
      it.app.inject({
        method: 'POST',
        url: '/v1/sign-in',
        headers: { host: new URL(origin).host },
        payload: JSON.stringify({ token: 'x'.repeat(43) }),
        remoteAddress: address,
      })
    for (let times = 0; times < 20; times += 1) {
      assert.equal((await guess('192.0.2.9')).statusCode, 403)
    }
    assert.equal((await guess('192.0.2.9')).statusCode, 429)
    assert.equal((await guess('192.0.2.10')).statusCode, 403)
  })
})

async function question() {
  return (await ask('POST', '/v1/sign-in/passkey/question', '')).json()
}

/** From an address of its own: what is refused here is not counted against the other tests. */
function come(answer: object) {
  const headers = { origin, host: new URL(origin).host, 'content-type': 'application/json' }
  const url = '/v1/sign-in/passkey'
  const payload = JSON.stringify(answer)
  return it.app.inject({ method: 'POST', url, headers, payload, remoteAddress: '192.0.2.1' })
}

function ask(method: string, url: string, cookie: string, body?: object, from = origin) {
  const host = new URL(origin).host
  const headers = { origin: from, host, cookie, 'content-type': 'application/json' }
  const payload = body === undefined ? '' : JSON.stringify(body)
  return it.app.inject({ method: method as 'GET', url, headers, payload })
}

async function read(url: string, cookie: string) {
  return (await ask('GET', url, cookie)).json()
}

async function codeOf(reply: ReturnType<typeof ask>): Promise<string> {
  return (await reply).json().type
}

async function invite(
  name: string,
  roles: object,
): Promise<{ person: PersonView; link: { token: string } }> {
  return (await ask('POST', '/v1/people', root, { name, roles })).json()
}

async function personNamed(name: string): Promise<PersonView> {
  const people: PersonView[] = await read('/v1/people', root)
  return people.find(one => one.name === name)!
}

async function linkFor(person: string): Promise<{ token: string }> {
  return (await ask('POST', `/v1/people/${person}/link`, root)).json()
}
