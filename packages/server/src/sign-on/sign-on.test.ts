import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import type { Transport } from '@steadfleet/protocol'
import {
  clientId,
  clientSecret,
  openTestProvider,
  type TestProvider,
} from '../testing/openid-provider.ts'
import { openTestHouse, origin, type TestHouse } from '../testing/test-house.ts'
import { byFetch } from '../testing/transport.ts'

type Claims = Record<string, unknown>
/** What becomes of a JSON answer of the provider on its way to the server. */
type Tamper = (path: string, answer: Claims) => Claims

const untouched: Tamper = (_, answer) => answer
let provider: TestProvider
let it: TestHouse
let root: string
let tamper = untouched
let isAway = false

/** Between the server and the provider, where attacks happen. */
const between: Transport = async request => {
  if (isAway) throw new TypeError('connect ECONNREFUSED')
  const reply = await byFetch(request)
  const chunks: Uint8Array[] = []
  for await (const chunk of reply.body) chunks.push(chunk)
  const answer = JSON.parse(Buffer.concat(chunks).toString())
  const text = JSON.stringify(tamper(new URL(request.url).pathname, answer))
  return { ...reply, body: [Buffer.from(text)] as unknown as AsyncIterable<Uint8Array> }
}

before(async () => {
  provider = await openTestProvider(origin)
  const signOn = {
    ...{ issuer: provider.issuer, name: 'Example' },
    ...{ 'client-id': clientId, 'client-secret': clientSecret },
    roles: {
      claim: 'groups',
      groups: { crew: { home: 'operator' }, staff: { home: 'viewer', '*': 'auditor' } },
    },
  }
  it = await openTestHouse({ signOn, transport: between })
  root = await it.admit('root', { '*': 'administrator' })
})
after(async () => {
  await it?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})
afterEach(() => {
  tamper = untouched
  isAway = false
})

// First: what was found out about a provider is kept.
test('a provider that is away is told, and every other way in works on', async () => {
  isAway = true
  const asked = await ask('POST', '/v1/sign-in/sign-on/question', '')
  assert.equal(codeOf(asked), 'sign-on/unreachable')
  assert.equal((await ask('POST', '/v1/sign-in/passkey/question', '')).statusCode, 200)
})

describe('who signs in by a provider', () => {
  test('is admitted by their groups, and is what those make them each time', async () => {
    sit('sub-1', 'Vera', ['staff', 'crew', 'others'])
    const first = await signOn()
    assert.deepEqual(first.json(), { name: 'vera' })
    assert.deepEqual(await rolesOf(first), { '*': 'auditor', home: 'operator' })
    sit('sub-1', 'Vera', ['staff'])
    const second = await signOn()
    assert.deepEqual(await rolesOf(second), { '*': 'auditor', home: 'viewer' })
    // The one that began before says the same from now on.
    assert.deepEqual(await rolesOf(first), { '*': 'auditor', home: 'viewer' })
    sit('sub-1', 'Vera', [])
    assert.equal(codeOf(await signOn()), 'sign-on/not-admitted')
    assert.equal((await whoIs(second)).statusCode, 401)
  })

  test('has a session of half a day, which is told as one, and ends at the provider too', async () => {
    sit('sub-2', 'walter', ['crew'])
    const reply = await signOn()
    const cookie = cookieOf(reply)
    assert.match(String(reply.headers['set-cookie']), /HttpOnly; SameSite=Strict; Max-Age=43200/)
    const [session] = (await ask('GET', '/v1/sessions', cookie)).json()
    assert.equal(session.way, 'sign-on')
    const { next } = (await ask('POST', '/v1/sign-out', cookie)).json()
    assert.ok(next.startsWith(`${provider.issuer}/session/end?`), next)
    assert.equal((await whoIs(reply)).statusCode, 401)
  })

  test('is never who has the same name here', async () => {
    await ask('POST', '/v1/people', root, { name: 'olga', roles: { '*': 'administrator' } })
    sit('sub-3', 'olga', ['crew'])
    assert.equal(codeOf(await signOn()), 'person/exists')
  })

  test('and is in no group that counts comes once the account is connected, as before', async () => {
    sit('sub-4', 'petra@example.com', [], { email: 'petra@example.com', email_verified: false })
    assert.equal(codeOf(await signOn()), 'sign-on/not-admitted')
    const petra = await it.admit('petra@example.com', { home: 'viewer' })
    assert.equal((await connect(petra)).statusCode, 200)
    const reply = await signOn()
    assert.deepEqual(await rolesOf(reply), { home: 'viewer' })
    const quinn = await it.admit('quinn', { home: 'viewer' })
    assert.equal(codeOf(await connect(quinn)), 'sign-on/exists')
    const [account] = (await ask('GET', '/v1/sign-ons', petra)).json()
    assert.deepEqual([account.subject, account.isByGroups], ['sub-4', false])
    const path = `/v1/sign-ons/${account.id}`
    assert.equal(codeOf(await ask('DELETE', path, quinn)), 'sign-on/unknown')
    assert.equal((await ask('DELETE', path, petra)).statusCode, 204)
    assert.equal(codeOf(await signOn()), 'sign-on/not-admitted')
  })
})

describe('a token of the provider', () => {
  const now = Math.floor(Date.now() / 1000)
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const lies: [what: string, make: (claims: Claims) => string][] = [
    ['of another issuer', claims => provider.token({ ...claims, iss: 'http://127.0.0.1:1' })],
    ['with another nonce', claims => provider.token({ ...claims, nonce: 'mine' })],
    ['without a nonce', ({ nonce, ...claims }) => provider.token(claims)],
    ['for another audience', claims => provider.token({ ...claims, aud: 'others' })],
    ['for others too', claims => provider.token({ ...claims, aud: [clientId, 'o'], azp: 'o' })],
    ['that has expired', claims => provider.token({ ...claims, iat: now - 900, exp: now - 600 })],
    ['without an end', ({ exp, ...claims }) => provider.token(claims)],
    ['that nobody signed', claims => provider.token(claims, { alg: 'none' }, null)],
    ['that another key signed', claims => provider.token(claims, {}, other)],
    ['sealed with the client’s secret', claims => byHmac(claims)],
    ['without a subject', ({ sub, ...claims }) => provider.token(claims)],
  ]
  for (const [what, make] of lies) {
    test(`${what} lets nobody in`, async () => {
      sit('sub-5', 'rosa', ['crew'])
      tamper = onToken(make)
      assert.equal(codeOf(await signOn()), 'sign-in/refused')
    })
  }

  test('made by the same means, but true, does', async () => {
    sit('sub-5', 'rosa', ['crew'])
    tamper = onToken(claims => provider.token(claims))
    assert.equal((await signOn()).statusCode, 200)
  })

  test('is not completed by what is told of somebody else', async () => {
    sit('sub-6', 'sara', ['crew'])
    tamper = (path, answer) => (path === '/me' ? { ...answer, sub: 'sub-1' } : answer)
    assert.equal(codeOf(await signOn()), 'sign-in/refused')
  })
})

describe('an answer', () => {
  test('is good once', async () => {
    const { browser, answer } = await trip()
    assert.equal((await finish(browser, answer)).statusCode, 200)
    assert.equal(codeOf(await finish(browser, answer)), 'sign-in/refused')
  })

  test('to another browser’s question is no answer, nor is its code with an own question', async () => {
    const [victim, thief] = [await trip(), await trip()]
    assert.equal(codeOf(await finish(thief.browser, victim.answer)), 'sign-in/refused')
    assert.equal(codeOf(await finish('', victim.answer)), 'sign-in/refused')
    const stolen = withOf(thief.answer, 'code', victim.answer)
    assert.equal(codeOf(await finish(thief.browser, stolen)), 'sign-in/refused')
  })

  const bent: [what: string, bend: (query: URLSearchParams) => void][] = [
    ['with another state', query => query.set('state', `in.${'x'.repeat(36)}.y`)],
    ['without a state', query => query.delete('state')],
    ['by another issuer', query => query.set('iss', 'http://127.0.0.1:1')],
    ['that says no issuer', query => query.delete('iss')],
    ['with two codes', query => query.append('code', 'x')],
    ['of somebody who said no', query => query.set('error', 'access_denied')],
  ]
  for (const [what, bend] of bent) {
    test(`${what} is refused`, async () => {
      const { browser, answer } = await trip()
      const query = new URLSearchParams(answer)
      bend(query)
      assert.equal(codeOf(await finish(browser, `?${query}`)), 'sign-in/refused')
    })
  }

  test('for signing in connects nothing, and one for connecting is of its person alone', async () => {
    const [anna, ben] = [await it.admit('anna', {}), await it.admit('ben', {})]
    const { browser, answer } = await trip()
    const add = (who: string, cookie: string, to: string) =>
      ask('POST', '/v1/sign-ons', `${who}; ${cookie}`, { answer: to })
    assert.equal(codeOf(await add(anna, browser, answer)), 'sign-in/refused')
    const own = await trip('/v1/sign-ons/question', anna)
    assert.equal(codeOf(await add(ben, own.browser, own.answer)), 'sign-in/refused')
    assert.equal(codeOf(await finish(own.browser, own.answer)), 'sign-in/refused')
  })

  test('from a page of another origin is not read', async () => {
    const { browser, answer } = await trip()
    const reply = await ask(
      'POST',
      '/v1/sign-in/sign-on',
      browser,
      { answer },
      'http://evil.example',
    )
    assert.equal(codeOf(reply), 'request/other-origin')
  })
})

test('no secret of a sign-in stands in the audit log', async () => {
  const { browser, answer } = await trip()
  await finish(browser, answer)
  const told = (await ask('GET', '/v1/audit/export', root)).body
  assert.ok(told.includes('signInBySignOn'))
  const code = new URLSearchParams(answer).get('code') ?? ''
  const secrets = [code, clientSecret, browser.split('=')[1] ?? '']
  for (const secret of secrets) assert.equal(told.includes(secret), false)
})

test('one that goes away between question and answer is told too', async () => {
  const { browser, answer } = await trip()
  isAway = true
  assert.equal(codeOf(await finish(browser, answer)), 'sign-on/unreachable')
})

function sit(sub: string, name: string, groups: string[], more: Claims = {}): void {
  provider.account = { sub, preferred_username: name, groups, ...more }
}

function onToken(make: (claims: Claims) => string): Tamper {
  return (path, answer) => {
    if (path !== '/token' || typeof answer.id_token !== 'string') return answer
    const [, claims = ''] = answer.id_token.split('.')
    return { ...answer, id_token: make(JSON.parse(Buffer.from(claims, 'base64url').toString())) }
  }
}

function byHmac(claims: Claims): string {
  const signed = provider.token(claims, { alg: 'HS256' }, null).slice(0, -1)
  return `${signed}.${createHmac('sha256', clientSecret).update(signed).digest('base64url')}`
}

function withOf(answer: string, name: string, from: string): string {
  const query = new URLSearchParams(answer)
  query.set(name, new URLSearchParams(from).get(name) ?? '')
  return `?${query}`
}

/** To the provider and back, in a browser of its own. */
async function trip(path = '/v1/sign-in/sign-on/question', cookie = '') {
  const asked = await ask('POST', path, cookie)
  assert.equal(asked.statusCode, 200, asked.body)
  return { browser: cookieOf(asked), answer: await provider.visit(asked.json().url) }
}

async function signOn() {
  const { browser, answer } = await trip()
  return finish(browser, answer)
}

async function connect(cookie: string) {
  const { browser, answer } = await trip('/v1/sign-ons/question', cookie)
  return ask('POST', '/v1/sign-ons', `${cookie}; ${browser}`, { answer })
}

let address = 0
/** From an address of its own: what is refused here is not counted against the other tests. */
function finish(browser: string, answer: string) {
  address += 1
  return ask('POST', '/v1/sign-in/sign-on', browser, { answer }, origin, `192.0.2.${address}`)
}

function ask(
  method: string,
  url: string,
  cookie: string,
  body?: object,
  from = origin,
  remoteAddress = '127.0.0.1',
) {
  const headers = { origin: from, host: new URL(origin).host, cookie }
  const payload = body === undefined ? '' : JSON.stringify(body)
  return it.app.inject({ method: method as 'GET', url, headers, payload, remoteAddress })
}

type Reply = Awaited<ReturnType<typeof ask>>

function cookieOf(reply: Reply): string {
  return String(reply.headers['set-cookie']).split(';')[0] ?? ''
}

function whoIs(reply: Reply) {
  return ask('GET', '/v1/session', cookieOf(reply))
}

async function rolesOf(reply: Reply): Promise<object> {
  return (await whoIs(reply)).json().roles
}

function codeOf(reply: Reply): string {
  return reply.json().type
}
