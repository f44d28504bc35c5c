import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import {
  type CallOf,
  makeClient,
  pathOf,
  type TransportReply,
  type TransportRequest,
} from './client.ts'
import { readEvents, toEventText } from './events.ts'
import { listDevices, listFailures, type setSettings, type signIn, signOut } from './index.ts'

describe('the path of a call', () => {
  const rows: [path: string, params: object, query: object, spelled: string][] = [
    ['/v1/a', {}, {}, '/v1/a'],
    ['/v1/a/:name/b/:other', { name: 'x', other: 'y z' }, {}, '/v1/a/x/b/y%20z'],
    ['/v1/a/:name', { name: '../b?c#d' }, {}, '/v1/a/..%2Fb%3Fc%23d'],
    ['/v1/a/*path', { path: '0/x001/067?d' }, {}, '/v1/a/0/x001/067%3Fd'],
    ['/v1/a/:digest', { digest: 'sha256:ab' }, {}, '/v1/a/sha256:ab'],
    ['/v1/a', {}, { limit: 5, after: undefined }, '/v1/a?limit=5'],
    ['/v1/a', {}, { q: 'a&b=c' }, '/v1/a?q=a%26b%3Dc'],
  ]
  for (const [path, params, query, spelled] of rows) {
    test(`is ${spelled}`, () => {
      const route = { method: 'GET', path, needs: 'anyone', summary: '', reply: 'nothing' } as const
      assert.equal(pathOf(route, params, query), spelled)
    })
  }

  test('can’t be spelled without a parameter', () => {
    assert.throws(() => pathOf(listDevices, {}, {}), TypeError)
  })
})

describe('a client', () => {
  test('repeats a call once when its nonce was stale, under the nonce that came back', async () => {
    const { client, sent } = pretendServer([stale('n1'), ok([], 'n1')])
    await client.call(listDevices, { params: { fleet: 'home' as never } })
    assert.deepEqual(sent.map(nonceOf), ['none.1', 'n1.1'])
  })

  test('gives up where the second try is stale too', async () => {
    const { client, sent } = pretendServer([stale('n1'), stale('n2')])
    await assert.rejects(client.call(listFailures, {}), { code: 'request/stale-nonce' })
    assert.equal(sent.length, 2)
  })

  test('raises its sequence with each call, and begins anew under a new nonce', async () => {
    const { client, sent } = pretendServer([stale('n1'), ok([]), ok([]), ok([], 'n2'), ok([])])
    for (let i = 0; i < 4; i += 1) await client.call(listFailures, {})
    assert.deepEqual(sent.map(nonceOf), ['none.1', 'n1.1', 'n1.2', 'n1.3', 'n2.1'])
  })

  test('takes no nonce of a reply to a request under an older one', async () => {
    const { client, sent } = pretendServer([
      stale('n1'),
      ok([], 'n2'),
      ok([], 'n3'),
      ok([], 'n4'),
      ok([]),
    ])
    await client.call(listFailures, {})
    // Both are signed under n2 before either is answered; the first reply's nonce counts.
    await Promise.all([client.call(listFailures, {}), client.call(listFailures, {})])
    assert.deepEqual(sent.map(nonceOf), ['none.1', 'n1.1', 'n2.1', 'n2.2'])
    await client.call(listFailures, {})
    assert.equal(nonceOf(sent.at(-1)!), 'n3.1')
  })

  test('throws what the server refuses as its own code, message and details', async () => {
    const problem = { type: 'fleet/unknown', title: 'cannot find fleet x', status: 404, fleet: 'x' }
    const { client } = pretendServer([reply(404, JSON.stringify(problem))])
    await assert.rejects(client.call(signOut, {}), {
      code: 'fleet/unknown',
      message: 'cannot find fleet x',
      status: 404,
      details: { fleet: 'x' },
    })
  })

  const strange: [what: string, answer: TransportReply, code: string][] = [
    ['a proxy’s page', reply(502, '<html>'), 'reply/status'],
    ['no JSON', reply(200, '<html>'), 'reply/malformed'],
    ['more than it may', reply(200, JSON.stringify('x'.repeat(2000))), 'reply/too-large'],
  ]
  for (const [what, answer, code] of strange) {
    test(`refuses a reply that is ${what}`, async () => {
      const { client } = pretendServer([answer])
      await assert.rejects(client.call(listFailures, {}), { code })
    })
  }

  test('takes just what a route declares', () => {
    const good: CallOf<typeof signIn> = { body: { token: 'x'.repeat(20) } }
    // @ts-expect-error a body is needed
    const bad: CallOf<typeof signIn> = {}
    // @ts-expect-error this route has no body
    const worse: CallOf<typeof signOut> = { body: {} }
    // @ts-expect-error parameters are needed
    const worst: CallOf<typeof setSettings> = { body: { values: {} } }
    assert.ok(good && bad && worse && worst)
  })
})

describe('a stream of events', () => {
  const rows: [text: string, events: object[]][] = [
    ['event: look\ndata: {}\n\n', [{ event: 'look', data: '{}' }]],
    ['data: a\ndata: b\n\n', [{ event: 'message', data: 'a\nb' }]],
    [': warm\n\ndata: a\r\n\r\n', [{ event: 'message', data: 'a' }]],
    ['id: 7\ndata:a\n\n', [{ event: 'message', data: 'a', id: '7' }]],
    ['data: cut', []],
    ['event: look\n\n', []],
  ]
  for (const [text, events] of rows) {
    test(`reads ${JSON.stringify(text)}`, async () => {
      assert.deepEqual(await collected(readEvents(byteByByte(text))), events)
    })
  }

  test('is read as it was written', async () => {
    const event = { event: 'message', data: 'one\ntwo', id: '1' }
    assert.deepEqual(await collected(readEvents(byteByByte(toEventText(event)))), [event])
  })
})

function pretendServer(replies: TransportReply[]) {
  const sent: TransportRequest[] = []
  const client = makeClient({
    origin: 'http://fleet.example',
    limit: 1000,
    transport: async request => {
      sent.push(request)
      return replies.shift() ?? reply(500, '')
    },
    signing: {
      signer: { keyid: 'k', sign: async () => new Uint8Array(64) },
      signRequest: async (_, { nonce, sequence }) => ({
        'signature-input': `${nonce}.${sequence}`,
      }),
    },
  })
  return { client, sent }
}

function nonceOf({ headers }: TransportRequest): string | undefined {
  return headers['signature-input']
}

function ok(body: unknown, nonce?: string): TransportReply {
  return reply(200, JSON.stringify(body), nonce)
}

function stale(nonce: string): TransportReply {
  const problem = { type: 'request/stale-nonce', title: 'stale', status: 401 }
  return reply(401, JSON.stringify(problem), nonce)
}

function reply(status: number, body: string, nonce?: string): TransportReply {
  return { status, headers: { 'steadfleet-nonce': nonce }, body: byteByByte(body) }
}

async function* byteByByte(text: string): AsyncGenerator<Uint8Array> {
  for (const byte of toUtf8(text)) yield new Uint8Array([byte])
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
