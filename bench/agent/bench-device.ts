import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildAgent } from '../../packages/agent/build.mjs'
import { openApps } from '../../packages/agent/src/apps/index.ts'
import { type Paths, pathsOf } from '../../packages/agent/src/disk/paths.ts'
import { PretendFleet, type Release } from '../../packages/agent/src/testing/pretend-fleet.test.ts'

/** The shipped file as the agent of a pretended fleet that it reaches over TLS, its app a small server. */
export class BenchDevice implements AsyncDisposable {
  readonly fleet: PretendFleet
  readonly paths: Paths
  readonly port: number
  readonly agent: ChildProcess
  readonly #folder: string
  readonly #front: Server

  private constructor(parts: Pick<BenchDevice, 'fleet' | 'paths' | 'agent' | 'port'> & Own) {
    this.fleet = parts.fleet
    this.paths = parts.paths
    this.agent = parts.agent
    this.port = parts.port
    this.#folder = parts.folder
    this.#front = parts.front
  }

  static async start(): Promise<BenchDevice> {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-bench-'))
    const file = join(folder, 'agent.mjs')
    symlinkSync(process.execPath, join(folder, 'node'))
    await buildAgent(file)
    const fleet = await PretendFleet.start({ interfaces: ['network-listen'] })
    const front = await serveTls(folder, Number(new URL(fleet.origin).port))
    fleet.origin = `https://127.0.0.1:${(front.address() as AddressInfo).port}`
    const paths = pathsOf(join(folder, 'state'))
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') }
    const words = [file, 'join', fleet.token, '--state', paths.root]
    const joined = spawn(process.execPath, words, { env, stdio: 'ignore' })
    await new Promise(done => joined.once('close', done))
    const started = [resolve('packages/rescuer/rescuer.sh'), '--home', folder]
    const agent = spawn('sh', started, { env, stdio: 'ignore' })
    await fleet.until('the first report', () => fleet.reports[0])
    const port = 20_000 + (process.pid % 20_000)
    return new BenchDevice({ fleet, paths, agent, port, folder, front })
  }

  /** A release whose app answers at once on the port, with so many bytes that belong to it alone. */
  publish(revision: number, bytes: number, isGood = true): Promise<Release> {
    const answer = `exec bin/busybox httpd -f -p ${this.port} -h /doc`
    const script = isGood ? answer : 'exec bin/busybox sleep 1000'
    const health = {
      http: { port: this.port, path: '/revision' },
      'start-seconds': isGood ? 20 : 1,
    }
    const main = { command: ['bin/busybox', 'sh', '-c', script], health, 'stop-timeout-seconds': 2 }
    const files = {
      'bin/busybox': readFileSync('/bin/busybox'),
      'doc/revision': `${revision}`,
      ...Object.fromEntries(
        Array.from({ length: Math.ceil(bytes / chunk) }, (_, i) => [
          `part-${i}`,
          noise(revision * 1000 + i, Math.min(chunk, bytes)),
        ]),
      ),
    }
    return this.fleet.publish('acme/hub', revision, files, {
      behaviour: {
        apps: { main },
        interfaces: [{ interface: 'network-listen', ports: [{ port: this.port }] }],
      },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise(done => this.agent.once('close', done))
    this.agent.kill('SIGKILL')
    await ended
    const apps = await openApps({ stateDir: this.paths.root })
    await apps.adopt([])
    await apps.close()
    this.#front.closeAllConnections()
    this.#front.close()
    await this.fleet.close()
    rmSync(this.#folder, { recursive: true })
  }
}

interface Own {
  readonly folder: string
  readonly front: Server
}

const chunk = 1_000_000

/** Bytes that do not compress. */
function noise(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = seed + 1
  for (let i = 0; i < words.length; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    state ^= state >>> 12
    words[i] = state
  }
  return new Uint8Array(words.buffer).subarray(0, length)
}

/** TLS in front of a plain server, with a certificate of its own. */
async function serveTls(folder: string, port: number): Promise<Server> {
  const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(folder, name)) as [string, string]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const named = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...made, ...named, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const front = createServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    (asked, reply) => {
      const { method, url, headers } = asked
      const options = { host: '127.0.0.1', port, method, path: url, headers }
      const behind = request(options, answer => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers)
        reply.flushHeaders()
        answer.pipe(reply)
      })
      behind.on('error', () => reply.destroy())
      reply.on('close', () => behind.destroy())
      asked.pipe(behind)
    },
  )
  await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
  return front
}
