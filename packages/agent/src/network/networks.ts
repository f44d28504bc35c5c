import { randomInt } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NetworkNeeds } from '@steadfleet/confine'
import { gateway, mostPlaces, type Place, placeNamed, placeOf } from '@steadfleet/confine/firewall'
import { type IsolationPolicy, isIsolated, type PackageName } from '@steadfleet/domain'
import { type Attempts, AttemptWindow } from './attempts.ts'
import { type Counts, difference } from './denied.ts'
import { Lan } from './discovery/lan.ts'
import { NetworkError } from './error.ts'
import { closeForwarding, openForwarding } from './forwarding.ts'
import { LinkCounts } from './link-counts.ts'
import {
  linksHere,
  makeLink,
  namespacePath,
  namespacesHere,
  removeLink,
  tablesHere,
} from './links.ts'
import { type Device, PackageNetwork } from './package-network.ts'
import { deviceResolvers, ownNetworks, takenPorts } from './surroundings.ts'
import { findTools, type Tools } from './tools.ts'

/** How an app gets into its package's network. */
export interface Way {
  /** The network namespace, to be entered before the sandbox is made. */
  readonly namespace: string
  readonly nsenter: string
  /** Files that stand in for the device's own in the sandbox. */
  readonly files: Readonly<Record<'/etc/hosts' | '/etc/resolv.conf', string>>
  /** Where the device itself reaches what listens there, on loopback too. */
  readonly address: string
}

export interface NetworksOptions {
  readonly stateDir: string
  /** The number of a package among all of this machine. */
  readonly numberOf: (packageName: PackageName) => Promise<number>
  /** Whether the place of this number may still be needed, by this agent's apps or another agent. */
  readonly isHeld: (number: number) => boolean
  /** A number of this agent's own that no package has: to try with. */
  readonly spare: number
  readonly warn: (message: string) => void
}

const lookMs = 2000
const looksPerRefresh = 15
const restMs = 60_000

type Around = ReturnType<Device['surroundings']>

/** The networks of all packages of one device: one namespace each, with a firewall that they cannot touch. */
export class Networks {
  readonly #of: NetworksOptions
  readonly #tools: Tools
  readonly #held = new Map<PackageName, Held>()
  readonly #lan = new Lan(() => ownNetworks().map(({ network }) => network))
  #standing: Map<string, string>
  #isolation: IsolationPolicy = {}
  #listener: (attempts: Attempts) => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #looks = 0
  /** Where the device is, as it was when that was last looked at. */
  #around: Around | undefined
  readonly #counts = new LinkCounts()

  private constructor(options: NetworksOptions, tools: Tools, standing: Map<string, string>) {
    this.#of = options
    this.#tools = tools
    this.#standing = standing
  }

  /** Opens them, or says why this device cannot have any. */
  static async open(options: NetworksOptions): Promise<Networks | string> {
    const tools = findTools()
    if (typeof tools === 'string') return `this device lacks ${tools}`
    try {
      const networks = new Networks(options, tools, await tablesHere(tools))
      await networks.#sweep()
      await networks.#prove()
      await networks.#writeFiles()
      return networks
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** Makes the package's network what its needs say, and gives the way into it. */
  async enter(packageName: PackageName, needs: NetworkNeeds): Promise<Way> {
    const held = this.#held.get(packageName) ?? (await this.#hold(packageName))
    held.restsSince = undefined
    this.#around = undefined
    const { place } = held.network
    openForwarding(this.#tools)
    await held.network.isolate(isIsolated(packageName, this.#isolation))
    const isNew = await held.network.open(needs, this.#standing.get(place.link))
    if (isNew) held.counts = new Map()
    this.#standing.delete(place.link)
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref()
    return this.#wayTo(place)
  }

  /** Where the device reaches what listens in the package's network; undefined where it has none. */
  addressOf(packageName: PackageName): string | undefined {
    return this.#held.get(packageName)?.network.place.ipv4
  }

  /** Nothing of the package runs any more; what is not entered again soon is taken away. */
  rest(packageName: PackageName): void {
    const held = this.#held.get(packageName)
    if (held) held.restsSince = performance.now()
  }

  /** Cuts off these packages, and lets go all others; from so many denied attempts on it tells at once. */
  async isolate(isolation: IsolationPolicy): Promise<void> {
    this.#isolation = isolation
    await Promise.all(
      [...this.#held].map(([name, { network }]) =>
        network.isolate(isIsolated(name, this.#isolation)),
      ),
    )
  }

  /** Calls `listener` with what packages try and may not. */
  onAttempts(listener: (attempts: Attempts) => void): void {
    this.#listener = listener
  }

  /** Ends what this process does. Networks of apps that run on stand; where none does, all is taken away. */
  async close(isIdle: boolean): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
    for (const { network } of this.#held.values()) {
      await network[Symbol.asyncDispose]()
      if (isIdle) await network.remove()
    }
    if (isIdle) await this.#sweep()
    this.#counts[Symbol.dispose]()
    if (linksHere().size === 0) closeForwarding(this.#tools)
  }

  async #hold(packageName: PackageName): Promise<Held> {
    const number = await this.#of.numberOf(packageName)
    // Two apps of a package that start side by side have one network.
    const meanwhile = this.#held.get(packageName)
    if (meanwhile) return meanwhile
    if (number >= mostPlaces) {
      const message = `cannot give ${packageName} a network: there are ${mostPlaces} places`
      throw new NetworkError('network/no-place', message, { package: packageName })
    }
    const window = new AttemptWindow(packageName)
    const onUndeclared = (name: string) => window.addName(name, performance.now())
    const network = new PackageNetwork(placeOf(number), this.#device(), onUndeclared)
    const held = { network, window, counts: undefined, packets: -1, restsSince: undefined }
    this.#held.set(packageName, held)
    return held
  }

  #device(): Device {
    return {
      tools: this.#tools,
      lan: this.#lan,
      surroundings: () => {
        this.#around ??= aroundNow()
        return this.#around
      },
      resolving: {
        servers: deviceResolvers,
        isForbidden: address => ownNetworks().some(one => one.address === address),
        monotonic: () => performance.now(),
        randomId: () => randomInt(65_536),
      },
    }
  }

  #wayTo(place: Place): Way {
    return {
      namespace: namespacePath(place),
      nsenter: this.#tools.nsenter,
      files: this.#files,
      address: place.ipv4,
    }
  }

  get #files(): Way['files'] {
    const folder = join(this.#of.stateDir, 'apps', '.network')
    return { '/etc/hosts': join(folder, 'hosts'), '/etc/resolv.conf': join(folder, 'resolv.conf') }
  }

  async #writeFiles(): Promise<void> {
    const files = this.#files
    await mkdir(join(files['/etc/hosts'], '..'), { recursive: true, mode: 0o700 })
    await writeFile(files['/etc/hosts'], '127.0.0.1 localhost\n::1 localhost ip6-localhost\n')
    await writeFile(files['/etc/resolv.conf'], `nameserver ${gateway}\n`)
  }

  #look(): void {
    this.#looking = this.#looking.then(() =>
      this.#lookNow().catch((error: unknown) => {
        this.#of.warn(error instanceof Error ? error.message : String(error))
      }),
    )
  }

  async #lookNow(): Promise<void> {
    this.#counts.read()
    for (const held of this.#held.values()) await this.#lookAt(held)
    this.#looks += 1
    if (this.#looks % looksPerRefresh !== 0) return
    openForwarding(this.#tools)
    this.#around = undefined
    await this.#lan.refresh()
    for (const [name, held] of this.#held) await this.#refresh(name, held)
  }

  /** Asks for counts only where something came by the package's link. */
  async #lookAt(held: Held): Promise<void> {
    const { network, window } = held
    const packets = this.#counts.packetsOf(network.place.link)
    const now = performance.now()
    if (packets !== undefined && packets !== held.packets) {
      held.packets = packets
      const counts = await network.counts(held.counts)
      window.add(difference(held.counts ?? counts, counts), now)
      held.counts = counts
    }
    const attempts = window.due(now, this.#isolation['denied-per-minute'])
    if (attempts) this.#listener(attempts)
  }

  async #refresh(name: PackageName, { network, restsSince }: Held): Promise<void> {
    if (restsSince === undefined) return network.refresh()
    if (performance.now() - restsSince < restMs) return undefined
    await network[Symbol.asyncDispose]()
    await network.remove()
    this.#held.delete(name)
    return undefined
  }

  /** Makes a link once and takes it away: some devices have the tools, and may not. */
  async #prove(): Promise<void> {
    if (this.#of.spare >= mostPlaces) return
    const place = placeOf(this.#of.spare)
    try {
      await makeLink(this.#tools, place)
    } finally {
      await removeLink(this.#tools, place)
    }
  }

  /** Takes away what agents left behind that are no more. */
  async #sweep(): Promise<void> {
    const names = new Set([...namespacesHere(), ...(await tablesHere(this.#tools)).keys()])
    for (const name of names) {
      const number = placeNamed(name)
      if (number === undefined || this.#of.isHeld(number)) continue
      await removeLink(this.#tools, placeOf(number))
    }
  }
}

function aroundNow(): Around {
  return { local: ownNetworks().map(({ network }) => network), taken: takenPorts() }
}

interface Held {
  readonly network: PackageNetwork
  readonly window: AttemptWindow
  counts: Counts | undefined
  packets: number
  restsSince: number | undefined
}
