import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverCommand } from '../packages/cli/src/commands/serve.ts'
import { connect } from '../packages/cli/src/fleet/connect.ts'
import { packageParams } from '../packages/cli/src/fleet/find.ts'
import { type Home, openHome, saveHome } from '../packages/cli/src/fleet/home.ts'
import { type FirstChoices, initFleet } from '../packages/cli/src/fleet/init.ts'
import type { Fleet } from '../packages/cli/src/fleet/open.ts'
import { buildAgentIfStale } from '../packages/cli/src/process/agent-build.ts'
import { programs } from '../packages/cli/src/process/checkout.ts'
import { type Child, launch } from '../packages/cli/src/process/child.ts'
import type { Published } from '../packages/cli/src/publish/publish.ts'
import { parseChannelName } from '../packages/domain/src/index.ts'
import { createEnrolmentToken, followChannel, setSettings } from '../packages/protocol/src/index.ts'
import {
  type Besieged,
  type Environment,
  makeBesieged,
  type Place,
  page,
  variables,
} from './besieged.ts'
import { type PageChange, writePage } from './page.ts'
import { type Middleman, openProxy } from './proxy.ts'
import { publishFolder } from './publish-folder.ts'
import { down, moveHouse, runAgent } from './shipped-agent.ts'
import { type Until, watchFleet } from './sight.ts'
import { freePort } from './stage.ts'

export { type Besieged, type Environment, page } from './besieged.ts'

export interface SiegeOptions {
  /** Where a device keeps its state; absent: in the siege's own folder. */
  readonly stateOf?: (name: string, folder: string) => string
  /** Undoes what `stateOf` did, before the folder goes. */
  readonly unmount?: (folder: string) => void
  readonly environmentOf?: (name: string) => Environment | undefined
  /** Changes what `init` made, before the server first sees it. */
  readonly prepare?: (home: Home) => Promise<void>
  readonly page?: PageChange
  readonly serverEnvironment?: Environment
  readonly log?: FirstChoices['log']
  /** The agent that every device joins and runs with; absent: the one that is shipped. */
  readonly program?: string
}

/** A device of a siege that rests, and what runs it when the siege goes on. */
export type Sleeper = Pick<Place, 'name' | 'id' | 'program'>

/** A real server with one real device for each name. A class because it ends what it started. */
export class Siege {
  readonly directory: string
  readonly fleet: Fleet
  readonly until: Until
  readonly #origins: readonly string[]
  readonly #devices = new Map<string, Besieged>()
  readonly #children = new Set<Child>()
  readonly #proxies: readonly Middleman[]
  readonly #unmount: () => void
  #server: Child | undefined

  private constructor(
    directory: string,
    fleet: Fleet,
    proxies: readonly Middleman[],
    { unmount }: SiegeOptions,
  ) {
    this.directory = directory
    this.fleet = fleet
    this.until = watchFleet(fleet)
    this.#proxies = proxies
    this.#origins = [fleet.home.server, ...proxies.map(one => one.origin)]
    this.#unmount = () => unmount?.(directory)
    // A test that is cut off by its runner, which is by SIGTERM, never gets to `close`.
    process.once('exit', this.#endAtOnce)
    process.once('SIGTERM', endByExit)
  }

  /** What `close` does, without a wait: agents and server first, then the apps that outlive them. */
  readonly #endAtOnce = (): void => {
    for (const child of this.#children) child.signal('SIGKILL')
    for (const { state, shutWay } of this.#devices.values()) {
      shutWay()
      spawnSync(process.execPath, [programs.builtAgent, 'down', '--state', state])
    }
    this.#unmount()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Opens it with every device running revision 1 of the page. */
  static async open(names: readonly string[], options: SiegeOptions = {}): Promise<Siege> {
    await buildAgentIfStale()
    const directory = await mkdtemp(join(tmpdir(), 'steadfleet-siege-'))
    const origin = `http://127.0.0.1:${await freePort()}`
    const proxies = await Promise.all(names.map(() => openProxy(() => origin)))
    const world = { now: () => new Date(), random: (n: number) => randomBytes(n) }
    const chosen = { fleet: 'siege', publisher: 'acme', model: 'box', required: [] }
    const log = options.log === undefined ? {} : { log: options.log }
    const choices = { ...chosen, ...log, server: origin, keys: 'unencrypted' as const }
    const { home } = await initFleet(join(directory, 'fleet'), choices, world)
    await options.prepare?.(home)
    const siege = new Siege(directory, { home, client: await connect(home) }, proxies, options)
    return siege.#orClose(async () => {
      await siege.startServer(options.serverEnvironment)
      await siege.publishPage(1, options.page)
      // Its channel points nowhere, so that no rollout moves a device: each is ordered by itself.
      const params = { fleet: home.fleet, ...packageParams(page) }
      const channel = parseChannelName('latest/stable')
      await siege.fleet.client.call(followChannel, { params, body: { channel } })
      await allOf(names.map((name, i) => siege.#enlist(name, proxies[i]!, options)))
    })
  }

  /** Goes on from a copy of a folder that {@link rest} left; its agents are not started yet. */
  static async resume(
    directory: string,
    sleepers: readonly Sleeper[],
    options: SiegeOptions = {},
  ): Promise<Siege> {
    const origin = `http://127.0.0.1:${await freePort()}`
    const proxies = await Promise.all(sleepers.map(() => openProxy(() => origin)))
    const home = { ...(await openHome(join(directory, 'fleet'))), server: origin }
    await saveHome(home)
    const siege = new Siege(directory, { home, client: await connect(home) }, proxies, options)
    return siege.#orClose(async () => {
      await siege.startServer(options.serverEnvironment)
      for (const [i, { name, id, program }] of sleepers.entries()) {
        const facts = { name, id, program, proxy: proxies[i]!, port: await freePort() }
        const device = siege.#place({ ...facts, state: join(directory, name) })
        await moveHouse(device)
      }
    })
  }

  async #orClose(act: () => Promise<void>): Promise<this> {
    try {
      await act()
      return this
    } catch (error) {
      await this.close()
      throw error
    }
  }

  device(name: string): Besieged {
    const device = this.#devices.get(name)
    if (device) return device
    throw new RangeError(`no device ${name}`)
  }

  async startServer(environment?: Environment): Promise<void> {
    const { home } = this.fleet
    const serve = serverCommand(join(home.directory, 'server'), [
      ...['--listen', new URL(home.server).host],
      ...this.#origins.flatMap(origin => ['--origin', origin]),
    ])
    this.#server = launch({
      name: 'the server',
      command: ['/usr/bin/env', ...variables(environment), ...serve],
      log: join(this.directory, 'server.log'),
      isReady: line => line.includes('"ready":true'),
    })
    this.#children.add(this.#server)
    await this.#server.first
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop(10_000)
  }

  async publishPage(revision: number, change: PageChange = {}): Promise<Published> {
    const path = writePage(join(this.directory, `page-${revision}`), revision, change)
    const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache')
    const floor = change.floor === undefined ? {} : { floor: change.floor }
    return publishFolder(this.fleet, { path, cache, revision, ...floor })
  }

  /** Ends all that it started; what fails is told last. */
  async close(): Promise<void> {
    await this.#end([async () => this.#unmount(), () => this.#remove()])
  }

  /** Ends all that it started, and leaves the folder as it is. */
  async rest(): Promise<void> {
    await this.#end([])
  }

  async #end(last: readonly (() => Promise<unknown>)[]): Promise<void> {
    const devices = [...this.#devices.values()]
    const agents = [...this.#children].filter(child => child !== this.#server)
    const ends = [
      () => Promise.all(agents.map(child => child.stop(10_000))),
      async () => {
        for (const { shutWay } of devices) shutWay()
      },
      () => Promise.all(devices.map(one => down(one.state))),
      () => this.stopServer(),
      () => Promise.all(this.#proxies.map(proxy => proxy.close())),
      ...last,
    ]
    const faults: unknown[] = []
    for (const end of ends) await end().catch(fault => faults.push(fault))
    process.removeListener('exit', this.#endAtOnce)
    process.removeListener('SIGTERM', endByExit)
    if (faults.length > 0) throw faults[0]
  }

  #remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true })
  }

  async #enlist(
    name: string,
    proxy: Middleman,
    { stateOf, environmentOf, program = programs.builtAgent }: SiegeOptions,
  ): Promise<void> {
    const state = stateOf?.(name, this.directory) ?? join(this.directory, name)
    const { device } = JSON.parse(await this.join(name, proxy.origin, state, program))
    const port = await freePort()
    const made = this.#place({ name, id: device, proxy, state, port, program })
    await made.start(environmentOf?.(name))
    const { client, home } = this.fleet
    const scope = { scope: 'device', target: device } as const
    const params = { fleet: home.fleet, ...packageParams(page), ...scope }
    await client.call(setSettings, { params, body: { values: { port } } })
    await made.order(1)
    await made.runs(1)
  }

  /** Joins with a fresh token that names `origin`; gives what the agent printed. */
  async join(name: string, origin: string, state: string, program?: string): Promise<string> {
    return runAgent(['join', await this.token(origin), '--state', state, '--name', name], program)
  }

  /** Ends a device's agent, and has another program go on from what it left. */
  async replaceAgent(name: string, program: string): Promise<Besieged> {
    const held = this.device(name)
    await held.agent().stop(10_000)
    const made = this.#place({ ...held, program })
    await made.start()
    return made
  }

  async token(origin: string): Promise<string> {
    const { home } = this.fleet
    const client = await connect({ ...home, server: origin })
    const params = { fleet: home.fleet }
    return (await client.call(createEnrolmentToken, { params, body: {} })).token
  }

  #place(place: Omit<Place, 'log'>): Besieged {
    const ground = {
      fleet: this.fleet,
      until: this.until,
      keep: (child: Child) => void this.#children.add(child),
    }
    const device = makeBesieged(ground, {
      ...place,
      log: join(this.directory, `${place.name}.log`),
    })
    this.#devices.set(place.name, device)
    return device
  }
}

/** All of them, also where one fails: what is still starting can't be ended. */
async function allOf(acts: readonly Promise<void>[]): Promise<void> {
  const [failed] = (await Promise.allSettled(acts)).filter(one => one.status === 'rejected')
  if (failed) throw failed.reason
}

function endByExit(): void {
  process.exit(1)
}
