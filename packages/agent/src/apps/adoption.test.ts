import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parsePackageName } from '@steadfleet/domain'
import type { AppSpec } from './apps.ts'
import { Bench, isRoot, noSandbox, until } from './testing/bench.test.ts'

const name = parsePackageName('acme/bench')

for (const withCgroups of isRoot ? [true, false] : [false]) {
  describe(`an agent ${withCgroups ? 'with' : 'without'} cgroups`, { skip: noSandbox }, () => {
    test('that is killed leaves its apps answering, and its successor takes them over', async () => {
      await using bench = await Bench.open({ withCgroups })
      const port = await freePort()
      const spec = httpApp(bench, port)
      await bench.apps.close()
      const child = await startAgent(bench, [spec])
      const client = new Client(port)
      const before = await until(() => client.ask().catch(() => undefined))
      client.keepAsking()

      child.kill('SIGKILL')
      await once(child, 'exit')
      await client.answersMore(20)
      await bench.reopen()
      await bench.apps.adopt([spec])
      await client.answersMore(20)

      // One connection, one process, no failed request: the app noticed nothing.
      assert.deepEqual(await client.stop(), { faults: [], connections: 1 })
      assert.equal(await client.ask(), before)
      assert.deepEqual(bench.apps.status(), [
        { package: name, app: 'web', state: 'running', restarts: 0 },
      ])
      const health = await bench.apps.health(name)
      assert.deepEqual(health, { ok: true, why: `web: http://127.0.0.1:${port}/ answers 200` })
      await bench.apps.stop(name)
      await assert.rejects(client.ask())
      assert.equal((await bench.apps.log(name, 'web', 10)).at(-1), 'told to stop')
      client.close()
    })

    test('is told on its start of what ended while there was none', async () => {
      await using bench = await Bench.open({ withCgroups })
      await bench.apps.close()
      const spec = bench.shell(
        'ending',
        'echo before; while [ ! -e /data/go ]; do sleep 0.02; done; echo after; exit 5',
        { restart: 'never' },
      )
      const child = await startAgent(bench, [spec])
      await kill(child)
      writeFileSync(join(spec.data, 'go'), '')
      await until(() =>
        readdirSync(join(bench.stateDir, 'apps/acme.bench/ending/state')).includes('exit'),
      )

      await bench.reopen()
      await bench.apps.adopt([spec])
      assert.deepEqual(bench.exits, [
        {
          package: name,
          app: 'ending',
          revision: 1,
          exit: 5,
          log: ['before', 'after'],
          values: {},
          outOfMemory: false,
        },
      ])
      assert.equal(bench.apps.status()[0]?.state, 'failed')
      // Told once: the next one finds it as it stands.
      await bench.reopen()
      await bench.apps.adopt([spec])
      assert.equal(bench.exits.length, 1)
      assert.equal(bench.apps.status()[0]?.state, 'failed')
    })

    test('hears of an adopted app’s end and starts it again', async () => {
      await using bench = await Bench.open({ withCgroups })
      await bench.apps.close()
      const spec = bench.shell('again', 'while [ ! -e /data/go ]; do sleep 0.02; done; exit 6')
      const child = await startAgent(bench, [spec])
      await kill(child)
      await bench.reopen()
      await bench.apps.adopt([spec])
      writeFileSync(join(spec.data, 'go'), '')
      await until(() => (bench.apps.status()[0]?.restarts ?? 0) > 0)
      assert.equal(bench.exits[0]?.exit, 6)
    })

    test('ends what nobody wants any more, replaces what changed, starts what is missing', async () => {
      await using bench = await Bench.open({ withCgroups })
      await bench.apps.close()
      const [kept, changed, unwanted] = ['kept', 'changed', 'unwanted'].map(app =>
        bench.shell(app, `echo ${app}; exec sleep 600`),
      ) as [AppSpec, AppSpec, AppSpec]
      await kill(await startAgent(bench, [kept, changed, unwanted]))
      const keeperOf = (app: string) => join(bench.stateDir, 'apps/acme.bench', app, 'state')

      await bench.reopen()
      const added = bench.shell('added', 'exec sleep 600')
      await bench.apps.adopt([kept, { ...changed, revision: 2 }, added])
      const states = bench.apps.status().map(({ app, state }) => `${app} ${state}`)
      assert.deepEqual(states.sort(), ['added running', 'changed running', 'kept running'])
      assert.throws(() => readdirSync(keeperOf('unwanted')), { code: 'ENOENT' })
      assert.deepEqual(bench.exits, [])
    })

    test('does not take an unrelated process with its keeper’s number for the keeper', async () => {
      await using bench = await Bench.open({ withCgroups })
      const spec = bench.shell('lost', 'exec sleep 600', { restart: 'never' })
      await bench.apps.start(spec)
      await bench.apps.stop(name)
      const folder = join(bench.stateDir, 'apps/acme.bench/lost')
      mkdirSync(join(folder, 'state'), { recursive: true })
      const boot = (await import('./run-record.ts')).currentBoot()
      const record = { spec, cgroup: [], boot, outOfMemoryKills: 0, restarts: 0 }
      writeFileSync(join(folder, 'run.json'), JSON.stringify(record))
      const fields = ['S', '1', ...Array.from({ length: 17 }, () => '0'), '12345', '0']
      writeFileSync(join(folder, 'state/keeper'), `${process.pid} (sh) ${fields.join(' ')}\n`)
      await bench.reopen()
      await bench.apps.adopt([spec])
      assert.equal(bench.exits[0]?.signal, 'SIGKILL')
      assert.equal(bench.apps.status()[0]?.state, 'failed')
    })
  })
}

function httpApp(bench: Bench, port: number): AppSpec {
  bench.addProgram(process.execPath)
  const script = `
    const server = require('http').createServer((_, reply) => reply.end(String(process.pid) + Date.now.length + started))
    const started = process.hrtime.bigint()
    server.keepAliveTimeout = 600_000
    server.listen(${port}, '127.0.0.1', () => console.log('listening'))
    process.on('SIGTERM', () => { console.log('told to stop'); process.exit(0) })`
  const health = { http: { port, path: '/' } }
  const declaration = { command: ['bin/node', '-e', script], health }
  return bench.spec('web', declaration, {
    opened: [{ interface: 'network-listen', ports: [{ port }] }],
  })
}

async function startAgent(bench: Bench, specs: readonly AppSpec[]): Promise<ChildProcess> {
  const file = join(bench.stateDir, 'specs.json')
  writeFileSync(file, JSON.stringify(specs))
  const program = join(import.meta.dirname, 'testing/child-agent.test.ts')
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const words = [program, bench.stateDir, file, String(bench.options.withCgroups)]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], env })
  await once(child.stdout, 'data')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

/** Asks over one connection without a pause, and counts what is wrong. */
class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #port: number
  readonly #sockets = new Set<object>()
  readonly #faults: string[] = []
  #answers = 0
  #isAsking = false
  #asking: Promise<void> = Promise.resolve()

  constructor(port: number) {
    this.#port = port
  }

  ask(): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, agent: this.#agent, timeout: 5000 }
      const request = get(options, reply => {
        this.#sockets.add(reply.socket)
        let text = ''
        reply.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        reply.once('end', () => resolve(text)).once('error', reject)
      })
      request.once('error', reject)
    })
  }

  keepAsking(): void {
    this.#isAsking = true
    const loop = async () => {
      while (this.#isAsking) {
        await this.ask().catch(error => this.#faults.push(String(error)))
        this.#answers += 1
      }
    }
    this.#asking = loop()
  }

  answersMore(count: number): Promise<boolean> {
    const from = this.#answers
    return until(() => this.#answers >= from + count)
  }

  async stop(): Promise<{ faults: string[]; connections: number }> {
    this.#isAsking = false
    await this.#asking
    return { faults: this.#faults, connections: this.#sockets.size }
  }

  close(): void {
    this.#agent.destroy()
  }
}
