import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { makeTransport } from '../packages/agent/src/server/http.ts'
import { serverCommand } from '../packages/cli/src/commands/serve.ts'
import { type Home, operatorKey } from '../packages/cli/src/fleet/home.ts'
import { initFleet } from '../packages/cli/src/fleet/init.ts'
import { buildAgentIfStale } from '../packages/cli/src/process/agent-build.ts'
import { programs } from '../packages/cli/src/process/checkout.ts'
import { type Child, launch } from '../packages/cli/src/process/child.ts'
import {
  type Client,
  createEnrolmentToken,
  type DeviceView,
  listDevices,
  makeClient,
  signRequest,
} from '../packages/protocol/src/index.ts'
import { makeTestKey, type TestKey } from '../packages/server/src/testing/make-key.ts'
import { down, runAgent } from './shipped-agent.ts'
import { freePort } from './stage.ts'

const patienceMs = 60_000

describe('a device that knows its server by a key', { timeout: 300_000 }, () => {
  let folder = ''
  let origin = ''
  let home: Home
  let server: Child | undefined
  let agent: Child | undefined
  let keys: Record<'first' | 'second' | 'third' | 'stranger', TestKey>

  before(async () => {
    await buildAgentIfStale()
    folder = await mkdtemp(join(tmpdir(), 'steadfleet-server-keys-'))
    origin = `https://127.0.0.1:${await freePort()}`
    const key = (name: string) => makeTestKey(folder, name)
    const [first, second] = [key('first'), key('second')]
    keys = { first, second, third: key('third'), stranger: key('stranger') }
    const world = { now: () => new Date(), random: (n: number) => randomBytes(n) }
    const chosen = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
    const choices = { ...chosen, server: origin, keys: 'unencrypted' as const }
    home = (await initFleet(join(folder, 'fleet'), choices, world)).home
  })
  after(async () => {
    await agent?.stop(10_000)
    await server?.stop(10_000)
    await down(join(folder, 'state'))
    await rm(folder, { recursive: true, force: true })
  })

  async function serve(now: TestKey, next: TestKey, more: readonly string[] = []): Promise<void> {
    await server?.stop(10_000)
    const listen = ['--listen', new URL(origin).host, '--origin', origin]
    const tls = ['--tls-certificate', now.certificate, '--tls-key', now.key]
    const words = [...listen, ...tls, '--tls-next-key', next.key, ...more]
    server = launch({
      name: 'the server',
      command: serverCommand(join(home.directory, 'server'), words),
      log: join(folder, 'server.log'),
      isReady: line => line.includes('"ready":true'),
    })
    await server.first
  }

  async function asOperator<T>(by: TestKey, act: (client: Client) => Promise<T>): Promise<T> {
    const transport = makeTransport()
    transport.pin(origin, () => [by.digest])
    try {
      const signer = await operatorKey(home)
      return await act(makeClient({ origin, transport, signing: { signer, signRequest } }))
    } finally {
      transport.close()
    }
  }

  const listed = (client: Client) => client.call(listDevices, { params: { fleet: home.fleet } })

  /** The device, once the server has heard of it what is asked. */
  async function seen(by: TestKey, is: (device: DeviceView) => boolean): Promise<void> {
    const until = Date.now() + patienceMs
    while (Date.now() < until) {
      const devices = await asOperator(by, listed)
      if (devices.some(is)) return
      await wait(200)
    }
    assert.fail(`the device was not heard of; it says ${readFileSync(join(folder, 'agent.log'))}`)
  }

  test('joins by the key of its token, over a certificate that nobody vouches for', async () => {
    await serve(keys.first, keys.second)
    const params = { fleet: home.fleet }
    const { token, command } = await asOperator(keys.first, client =>
      client.call(createEnrolmentToken, { params, body: {} }),
    )
    assert.match(command, /curl -fsS --insecure --pinnedpubkey 'sha256\/\//)
    await runAgent(['join', token, '--state', join(folder, 'state'), '--name', 'box-1'])
    agent = launch({
      name: 'the agent',
      command: [process.execPath, programs.builtAgent, 'run', '--state', join(folder, 'state')],
      log: join(folder, 'agent.log'),
      isReady: line => line.includes('ready'),
    })
    await agent.first
    await seen(keys.first, device => device.counter > 0 && device.counter === device.orderedCounter)
  })

  test('follows the server to the next key, of which a signed order told it', async () => {
    await serve(keys.second, keys.third)
    const since = new Date().toISOString()
    await seen(
      keys.second,
      device => (device.seenAt ?? '') >= since && device.counter === device.orderedCounter,
    )
  })

  test('is not left alone: a server refuses a key that devices were not told of', async () => {
    const refused = serve(keys.stranger, keys.third)
    await assert.rejects(refused, { code: 'cli/process' })
    assert.match(readFileSync(join(folder, 'server.log'), 'utf8'), /server\/untold-key/)
  })

  test('refuses whoever has another key, and tells nothing', async () => {
    await serve(keys.stranger, keys.third, ['--device-pins', 'none'])
    const since = new Date().toISOString()
    const until = Date.now() + patienceMs
    const log = () => readFileSync(join(folder, 'agent.log'), 'utf8')
    while (Date.now() < until && !log().includes('this device was not told of')) await wait(200)
    assert.match(log(), /this device was not told of/)
    const devices = await asOperator(keys.stranger, listed)
    assert.deepEqual(
      devices.map(device => (device.seenAt ?? '') >= since),
      [false],
    )
  })

  test('comes back to the key after next', async () => {
    await serve(keys.third, keys.first, ['--device-pins', 'none'])
    const since = new Date().toISOString()
    await seen(keys.third, device => (device.seenAt ?? '') >= since)
  })
})
