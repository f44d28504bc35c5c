import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { Server } from 'node:net'
import { createServer as createPlainServer } from 'node:net'
import { describe, test } from 'node:test'
import { type HealthCheck, parsePackageName, type SettingValues } from '@steadfleet/domain'
import type { AppSpec } from './apps.ts'
import { checkHealth } from './health.ts'

describe('a health check', () => {
  const replies: [what: string, reply: RequestListener, ok: boolean, why: RegExp][] = [
    ['200', (_, to) => to.end('well'), true, /answers 200$/],
    ['302', (_, to) => to.writeHead(302).end(), true, /answers 302$/],
    ['404', (_, to) => to.writeHead(404).end(), false, /answers 404$/],
    ['500', (_, to) => to.writeHead(500).end(), false, /answers 500$/],
    ['nothing', () => undefined, false, /does not answer in time$/],
    [
      'a reply without end',
      (_, to) => void to.writeHead(200).write('half'),
      false,
      /does not answer/,
    ],
    ['a cut connection', (_, to) => void to.destroy(), false, /does not answer: ECONNRESET$/],
  ]
  for (const [what, reply, ok, why] of replies) {
    test(`over http that gets ${what} is ${ok ? 'passed' : 'failed'}`, async () => {
      await using server = await listening(createServer(reply))
      const check = { http: { port: server.port, path: '/health' }, 'timeout-seconds': 1 }
      const verdict = await checkHealth(specOf(check), neverRun)
      assert.equal(verdict.ok, ok)
      assert.match(verdict.why, why)
    })
  }

  test('over http or tcp of a port where nobody listens is failed', async () => {
    const server = await listening(createPlainServer())
    const { port } = server
    await server[Symbol.asyncDispose]()
    for (const check of [{ http: { port, path: '/' } }, { tcp: { port } }]) {
      const { ok, why } = await checkHealth(specOf(check), neverRun)
      assert.ok(!ok)
      assert.match(why, /ECONNREFUSED$/)
    }
  })

  test('over tcp takes its port from a setting', async () => {
    await using server = await listening(createPlainServer(socket => socket.end()))
    const check = { tcp: { port: { setting: 'port' } } }
    assert.equal((await checkHealth(specOf(check, { port: server.port }), neverRun)).ok, true)
    for (const port of ['80', 0, 65_536, true]) {
      const verdict = await checkHealth(specOf(check, { port }), neverRun)
      assert.deepEqual(verdict, { ok: false, why: 'its port is no port number' })
    }
  })

  test('by a command passes by its exit and says its last line', async () => {
    const check = { exec: ['bin/check'], 'timeout-seconds': 7 }
    const asked: unknown[] = []
    const exits = [0, 3]
    const run = async (...given: unknown[]) => {
      asked.push(given)
      return { exit: exits.shift() ?? 0, output: ['first', 'last'] }
    }
    assert.equal((await checkHealth(specOf(check), run)).ok, true)
    const failed = { ok: false, why: 'its check exited 3: last' }
    assert.deepEqual(await checkHealth(specOf(check), run), failed)
    assert.deepEqual(asked[0], [['bin/check'], 7])
  })
})

async function neverRun(): Promise<never> {
  throw new Error('no command is to be run')
}

function specOf(health: HealthCheck, values: SettingValues = {}): AppSpec {
  return {
    package: parsePackageName('acme/checked'),
    app: 'web',
    revision: 1,
    tree: '/tree',
    data: '/data',
    settings: '/settings.json',
    values,
    declaration: { command: ['web'], health },
    opened: [{ interface: 'network-listen' }],
    limits: {},
  }
}

async function listening(server: Server): Promise<AsyncDisposable & { port: number }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const close = async () => {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)()
    server.close()
    await once(server, 'close')
  }
  return { port: address.port, [Symbol.asyncDispose]: close }
}
