import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { serverCommand } from '../packages/cli/src/commands/serve.ts'
import { connect } from '../packages/cli/src/fleet/connect.ts'
import { packageParams } from '../packages/cli/src/fleet/find.ts'
import { initFleet } from '../packages/cli/src/fleet/init.ts'
import type { Fleet } from '../packages/cli/src/fleet/open.ts'
import { programs } from '../packages/cli/src/process/checkout.ts'
import { type Child, launch } from '../packages/cli/src/process/child.ts'
import { type Published, publishPackage } from '../packages/cli/src/publish/publish.ts'
import { type DeviceId, type PackageName, parseChannelName } from '../packages/domain/src/index.ts'
import {
  createEnrolmentToken,
  type DeviceView,
  type FailureView,
  followChannel,
  listDevices,
  listFailures,
  listSecurityEvents,
  setSettings,
  type TimelineEntry,
  tryRelease,
} from '../packages/protocol/src/index.ts'
import { writePage } from './page.ts'
import { type Middleman, openProxy } from './proxy.ts'
import { freePort } from './stage.ts'

/** One real device under attack: its agent reaches the server through a proxy of its own. */
export interface Besieged {
  readonly name: string
  readonly id: DeviceId
  readonly state: string
  readonly proxy: Middleman
  readonly port: number
  /** Starts its agent, and waits until that says that it is ready. */
  start(environment?: Environment): Promise<Child>
  agent(): Child
  /** Orders a revision on this device alone; nobody takes the order back. */
  order(revision: number, name?: PackageName): Promise<void>
  view(): Promise<DeviceView>
  /** What its app serves, or why it does not. */
  page(): Promise<string>
  /** Waits until it committed the revision and serves it. */
  runs(revision: number): Promise<void>
  /** The first security event of this device whose code is as expected. */
  refusal(code: RegExp): Promise<TimelineEntry>
  failure(holds: (view: FailureView) => boolean): Promise<FailureView>
  log(): string
}

export const page = 'acme/page' as PackageName

export type Environment = Readonly<Record<string, string>>

export interface SiegeOptions {
  /** Where a device keeps its state; absent: in the siege's own folder. */
  readonly stateOf?: (name: string, folder: string) => string
  /** Undoes what `stateOf` did, before the folder goes. */
  readonly unmount?: (folder: string) => void
  readonly environmentOf?: (name: string) => Environment | undefined
}

interface Sight {
  readonly devices: readonly DeviceView[]
  readonly security: readonly TimelineEntry[]
  readonly failures: readonly FailureView[]
}

/** A real server with one real device for each name. A class because it ends what it started. */
export class Siege {
  readonly directory: string
  readonly fleet: Fleet
  readonly #devices = new Map<string, Besieged>()
  readonly #children = new Set<Child>()
  readonly #server: Child
  readonly #unmount: () => void
  #sight: Promise<Sight> | undefined

  private constructor(directory: string, fleet: Fleet, server: Child, { unmount }: SiegeOptions) {
    this.directory = directory
    this.fleet = fleet
    this.#server = server
    this.#children.add(server)
    this.#unmount = () => unmount?.(directory)
    // A test that is cut off by its runner, which is by SIGTERM, never gets to `close`.
    process.once('exit', this.#endAtOnce)
    process.once('SIGTERM', endByExit)
  }

  /** What `close` does, without a wait: agents and server first, then the apps that outlive them. */
  readonly #endAtOnce = (): void => {
    for (const child of this.#children) child.signal('SIGKILL')
    for (const { state } of this.#devices.values()) {
      spawnSync(process.execPath, [programs.builtAgent, 'down', '--state', state])
    }
    this.#unmount()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Opens it with every device running revision 1 of the page. */
  static async open(names: readonly string[], options: SiegeOptions = {}): Promise<Siege> {
    const directory = await mkdtemp(join(tmpdir(), 'steadfleet-siege-'))
    const port = await freePort()
    const origin = `http://127.0.0.1:${port}`
    const proxies = new Map<string, Middleman>()
    for (const name of names) proxies.set(name, await openProxy(() => origin))
    const world = { now: () => new Date(), random: (n: number) => randomBytes(n) }
    const choices = { fleet: 'siege', publisher: 'acme', model: 'box', required: [] }
    const home = join(directory, 'fleet')
    const made = await initFleet(home, { ...choices, server: origin }, world)
    const server = launch({
      name: 'the server',
      command: serverCommand(join(home, 'server'), {
        listen: [`127.0.0.1:${port}`],
        origins: [origin, ...[...proxies.values()].map(one => one.origin)],
      }),
      log: join(directory, 'server.log'),
      isReady: line => line.includes('"ready":true'),
    })
    await server.first
    const siege = new Siege(
      directory,
      { home: made.home, client: await connect(made.home) },
      server,
      options,
    )
    try {
      await siege.publishPage(1)
      // Its channel points nowhere, so that no rollout moves a device: each is ordered by itself.
      const { client, home } = siege.fleet
      const params = { fleet: home.fleet, ...packageParams(page) }
      const channel = parseChannelName('latest/stable')
      await client.call(followChannel, { params, body: { channel } })
      const enlisted = [...proxies].map(([name, proxy]) => siege.#enlist(name, proxy, options))
      // All of them, also where one fails: what is still starting can't be ended.
      const [failed] = (await Promise.allSettled(enlisted)).filter(one => one.status === 'rejected')
      if (failed) throw failed.reason
    } catch (error) {
      await siege.close()
      throw error
    }
    return siege
  }

  device(name: string): Besieged {
    const device = this.#devices.get(name)
    if (device) return device
    throw new RangeError(`no device ${name}`)
  }

  publishPage(revision: number, change: Parameters<typeof writePage>[2] = {}): Promise<Published> {
    const path = writePage(join(this.directory, `page-${revision}`), revision, change)
    return this.#publish(path, revision)
  }

  async #publish(path: string, revision: number): Promise<Published> {
    const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache')
    await mkdir(cache, { recursive: true })
    const architectures = [process.arch === 'arm64' ? 'arm64' : 'amd64'] as const
    const quiet = { now: new Date(), say: () => undefined }
    return publishPackage(this.fleet, { path, revision, architectures, cache, ...quiet })
  }

  /** Looks until there is something to see; all who look share what the server said last. */
  async until<T>(
    what: string,
    look: (sight: Sight) => T | undefined | Promise<T | undefined>,
    seconds = 90,
  ): Promise<T> {
    const end = performance.now() + seconds * 1000
    while (performance.now() < end) {
      const found = await look(await this.#look())
      if (found !== undefined) return found
      await wait(100)
    }
    throw new Error(`cannot see ${what} after ${seconds} seconds`)
  }

  /** Ends all that it started; what fails is told last. */
  async close(): Promise<void> {
    const devices = [...this.#devices.values()]
    const agents = [...this.#children].filter(child => child !== this.#server)
    const ends = [
      () => Promise.all(agents.map(child => child.stop(10_000))),
      () => Promise.all(devices.map(one => down(one.state))),
      () => this.#server.stop(10_000),
      () => Promise.all(devices.map(({ proxy }) => proxy.close())),
      async () => this.#unmount(),
      () => rm(this.directory, { recursive: true, force: true }),
    ]
    const faults: unknown[] = []
    for (const end of ends) await end().catch(fault => faults.push(fault))
    process.removeListener('exit', this.#endAtOnce)
    process.removeListener('SIGTERM', endByExit)
    if (faults.length > 0) throw faults[0]
  }

  #look(): Promise<Sight> {
    this.#sight ??= this.#ask().finally(() => {
      setTimeout(() => {
        this.#sight = undefined
      }, 200)
    })
    return this.#sight
  }

  async #ask(): Promise<Sight> {
    const { client, home } = this.fleet
    const [devices, security, failures] = await Promise.all([
      client.call(listDevices, { params: { fleet: home.fleet } }),
      client.call(listSecurityEvents, { query: { limit: 500 } }),
      client.call(listFailures, { query: { limit: 500 } }),
    ])
    return { devices, security, failures }
  }

  async #enlist(
    name: string,
    proxy: Middleman,
    { stateOf, environmentOf }: SiegeOptions,
  ): Promise<void> {
    const state = stateOf?.(name, this.directory) ?? join(this.directory, name)
    const { device } = JSON.parse(await this.join(name, proxy.origin, state))
    const port = await freePort()
    const made = this.#make(name, { id: device, proxy, state, port })
    this.#devices.set(name, made)
    await made.start(environmentOf?.(name))
    const { client, home } = this.fleet
    const scope = { scope: 'device', target: device } as const
    const params = { fleet: home.fleet, ...packageParams(page), ...scope }
    await client.call(setSettings, { params, body: { values: { port } } })
    await made.order(1)
    await made.runs(1)
  }

  /** Joins with a fresh token that names `origin`; gives what the agent printed. */
  async join(name: string, origin: string, state: string): Promise<string> {
    return runAgent(['join', await this.token(origin), '--state', state, '--name', name])
  }

  async token(origin: string): Promise<string> {
    const { home } = this.fleet
    const client = await connect({ ...home, server: origin })
    const params = { fleet: home.fleet }
    return (await client.call(createEnrolmentToken, { params, body: {} })).token
  }

  #make(name: string, facts: Pick<Besieged, 'id' | 'proxy' | 'state' | 'port'>): Besieged {
    const { id, state, port } = facts
    const logFile = join(this.directory, `${name}.log`)
    const { client } = this.fleet
    const run = [process.execPath, programs.builtAgent, 'run', '--state', state, '--json']
    let agent: Child | undefined
    const serves = async (): Promise<string> => {
      try {
        const signal = AbortSignal.timeout(5000)
        return await (await fetch(`http://127.0.0.1:${port}/`, { signal })).text()
      } catch (error) {
        return String(error) // an answer too: whoever asks compares it
      }
    }
    return {
      name,
      ...facts,
      start: async environment => {
        agent = launch({
          name: `the agent of ${name}`,
          command: ['/usr/bin/env', ...variables(environment), ...run],
          log: logFile,
          isReady: line => line.includes('"ready":true'),
        })
        this.#children.add(agent)
        await agent.first
        return agent
      },
      agent: () => agent ?? assertNever(name),
      order: async (revision, of = page) => {
        const params = { device: id, ...packageParams(of) }
        await client.call(tryRelease, { params, body: { revision } })
      },
      view: () => this.until(name, ({ devices }) => devices.find(one => one.id === id)),
      page: serves,
      runs: async revision => {
        await this.until(`${name} at revision ${revision}`, ({ devices }) => {
          const view = devices.find(one => one.id === id)
          const held = view?.releases.find(one => one.package === page)
          const isSettled = view?.state === 'committed' && view.counter === view.orderedCounter
          return (isSettled && held?.revision === revision) || undefined
        })
        await this.until(
          `the page of ${name}`,
          async () => (await serves()).startsWith(`revision ${revision}\n`) || undefined,
        )
      },
      refusal: code =>
        this.until(`a refusal of ${name}`, ({ security }) =>
          security.find(one => one.device === id && code.test(one.event.code ?? '')),
        ),
      failure: holds =>
        this.until(`a failure of ${name}`, ({ failures }) =>
          failures.find(one => one.device === id && holds(one)),
        ),
      log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
    }
  }
}

function endByExit(): void {
  process.exit(1)
}

function variables(environment: Environment = {}): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`)
}

function assertNever(name: string): never {
  throw new RangeError(`the agent of ${name} was never started`)
}

/** Runs the shipped agent to its end; rejects with what it said, where it fails. */
export function runAgent(words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = [programs.builtAgent, ...words, '--json']
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error) reject(Object.assign(new Error(stderr.trim()), { exit: error.code }))
      else resolve(stdout)
    })
  })
}

/** Ends what runs on without its agent, where anything of a device is there. */
export async function down(state: string): Promise<void> {
  if (existsSync(join(state, 'identity'))) await runAgent(['down', '--state', state])
}
