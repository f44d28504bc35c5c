import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import type { NetworkNeeds } from '@steadfleet/confine'
import {
  type FlowGroup,
  gateway,
  groupFlows,
  type NamedAddress,
  nameSet,
  type Place,
  placesNetwork,
  type Surroundings,
  toAddresses,
  toFirewall,
  toIsolation,
  toSurroundings,
} from '@steadfleet/confine/firewall'
import { type Counts, hasGrown, readCounts, toCountersOf, toTargetsOf } from './denied.ts'
import { Finder } from './discovery/finder.ts'
import type { Lan } from './discovery/lan.ts'
import { Resolver, type ResolverOptions } from './dns/resolver.ts'
import { NameService } from './dns/service.ts'
import {
  hasIpv6,
  isLinked,
  localnetSwitch,
  makeInnerEnd,
  makeOuterEnd,
  removeLink,
  toMark,
} from './links.ts'
import { runTool, type Tools } from './tools.ts'

/** What a package's network is given by its device. */
export interface Device {
  readonly tools: Tools
  readonly surroundings: () => Omit<Surroundings, 'resolver' | 'discovery'>
  /** What is heard on the device's links. */
  readonly lan: Lan
  readonly resolving: Pick<
    ResolverOptions,
    'servers' | 'port' | 'timeoutMs' | 'isForbidden' | 'monotonic' | 'randomId'
  >
}

/** The network of one package: its namespace, its firewall, and who answers its questions about names. */
export class PackageNetwork implements AsyncDisposable {
  readonly place: Place
  readonly #device: Device
  readonly #onUndeclared: (name: string) => void
  #made: string | undefined
  #groups: readonly FlowGroup[] = []
  #service: NameService | undefined
  #finder: Finder | undefined
  #surroundings = ''
  #isIsolated = false
  /** When each address of a set is over, by set and address. */
  readonly #until = new Map<string, number>()
  #work: Promise<unknown> = Promise.resolve()

  constructor(place: Place, device: Device, onUndeclared: (name: string) => void) {
    this.place = place
    this.#device = device
    this.#onUndeclared = onUndeclared
  }

  /**
   * Makes of the network what these needs say; what stands already, as it does after another agent, stays.
   * Whether its firewall was made anew, and counts from nothing.
   */
  open(needs: NetworkNeeds, standing: string | undefined): Promise<boolean> {
    return this.#after(async () => {
      const text = toFirewall(needs, this.place)
      const made = digestOf(text)
      if (this.#made === made && isLinked(this.place)) return false
      const isThere = isLinked(this.place)
      const making = { needs, text, made, isStanding: isThere && standing === made }
      return isThere ? this.#fill(making) : this.#make(making)
    })
  }

  /** The inner end and the firewall are made side by side: starting programs is what takes the time. */
  async #make(making: Making): Promise<boolean> {
    const { tools } = this.#device
    try {
      await makeOuterEnd(tools, this.place)
      const ends = [this.#fill(making), makeInnerEnd(tools, this.place)] as const
      const [isNew] = await Promise.all(ends)
      return isNew
    } catch (error) {
      // Half of it would be taken for all of it the next time.
      this.#made = undefined
      await removeLink(tools, this.place)
      throw error
    }
  }

  /** Who serves it, and its firewall; whether that was made anew. */
  async #fill({ needs, text, made, isStanding }: Making): Promise<boolean> {
    await writeFile(localnetSwitch(this.place), '1')
    await this.#endServing()
    this.#service = await this.#serve(needs)
    this.#finder = await this.#find(needs)
    this.#groups = groupFlows(needs.outbound === 'anywhere' ? [] : needs.outbound)
    this.#until.clear()
    this.#surroundings = this.#surroundingsNow()
    const whole = isStanding ? '' : text + toMark(this.place, made)
    await this.#load(whole + this.#surroundings + toIsolation(this.place, this.#isIsolated))
    this.#made = made
    return whole !== ''
  }

  isolate(isIsolated: boolean): Promise<void> {
    return this.#after(async () => {
      if (this.#isIsolated === isIsolated) return
      this.#isIsolated = isIsolated
      if (this.#finder) this.#finder.isQuiet = isIsolated
      if (this.#made !== undefined) await this.#load(toIsolation(this.place, isIsolated))
    })
  }

  /** Tells the firewall where the device is by now, if that has changed. */
  refresh(): Promise<void> {
    return this.#after(async () => {
      const now = this.#surroundingsNow()
      if (this.#made === undefined || now === this.#surroundings) return
      await this.#load(now)
      this.#surroundings = now
    })
  }

  /** What was denied so far; `before` itself where nothing was since. */
  async counts(before: Counts | undefined): Promise<Counts> {
    const ask = async (command: string) =>
      readCounts(await runTool(this.#device.tools.nft, ['-j', command]))
    const counts = await ask(toCountersOf(this.place))
    if (before && !hasGrown(before, counts)) return before
    const targets = await Promise.all(toTargetsOf(this.place).map(ask))
    return new Map([counts, ...targets].flatMap(part => [...part]))
  }

  /** Takes all of it away. */
  remove(): Promise<void> {
    return this.#after(async () => {
      this.#made = undefined
      await removeLink(this.#device.tools, this.place)
    })
  }

  /** Ends what this process does for it; the rest stands. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#after(() => this.#endServing())
  }

  async #endServing(): Promise<void> {
    this.#finder?.[Symbol.dispose]()
    this.#finder = undefined
    await this.#service?.[Symbol.asyncDispose]()
    this.#service = undefined
  }

  async #find({ discovery }: NetworkNeeds): Promise<Finder | undefined> {
    if (discovery.length === 0) return undefined
    const { lan, resolving } = this.#device
    const { monotonic } = resolving
    const families = hasIpv6() ? (['ipv4', 'ipv6'] as const) : (['ipv4'] as const)
    const finder = await Finder.open({
      ...{ place: this.place, kinds: discovery },
      ...{ families, lan, monotonic },
    })
    finder.isQuiet = this.#isIsolated
    return finder
  }

  async #serve(needs: NetworkNeeds): Promise<NameService | undefined> {
    if (needs.names.length === 0) return undefined
    const { resolving } = this.#device
    const mayMeetItself = needs.lan.length > 0
    const resolver = new Resolver({
      ...resolving,
      names: needs.names,
      isForbidden: address =>
        isPlace(address) || (!mayMeetItself && resolving.isForbidden(address)),
      admit: (name, addresses, seconds) => this.#admit(name, addresses, seconds),
      onUndeclared: this.#onUndeclared,
    })
    return NameService.open(gateway, resolver, resolving.monotonic)
  }

  async #admit(name: string, addresses: readonly string[], seconds: number): Promise<void> {
    const until = this.#device.resolving.monotonic() + seconds * 1000
    const groups = this.#groups.filter(({ names }) => names.includes(name))
    const wanted = groups.flatMap(group =>
      addresses.map(address => ({
        set: nameSet(group.name, isIPv6(address) ? 'ipv6' : 'ipv4'),
        address,
        seconds,
      })),
    )
    // Another name may have led there for longer.
    const fresh = wanted.filter(one => (this.#until.get(keyOf(one)) ?? 0) < until)
    if (fresh.length === 0) return
    await this.#after(() => this.#load(toAddresses(this.place, fresh)))
    for (const one of fresh) this.#until.set(keyOf(one), until)
    this.#forgetPast()
  }

  #forgetPast(): void {
    const now = this.#device.resolving.monotonic()
    for (const [key, until] of this.#until) if (until < now) this.#until.delete(key)
  }

  #surroundingsNow(): string {
    const resolver = this.#service?.ports
    return toSurroundings(this.place, {
      ...this.#device.surroundings(),
      ...(resolver && { resolver }),
      ...(this.#finder && { discovery: this.#finder.ports }),
    })
  }

  async #load(text: string): Promise<void> {
    await runTool(this.#device.tools.nft, ['-f', '-'], text)
  }

  /** One thing after the other. */
  #after<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }
}

interface Making {
  readonly needs: NetworkNeeds
  readonly text: string
  readonly made: string
  readonly isStanding: boolean
}

function keyOf({ set, address }: NamedAddress): string {
  return `${set} ${address}`
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** Whether an address is a package's. */
function isPlace(address: string): boolean {
  const [first, second] = placesNetwork.address.split('.').map(Number)
  const [one, two] = address.split('.').map(Number)
  return (
    (one === first && two !== undefined && (two & 0xfe) === second) ||
    /^fd5f:1ee7:5afe:/i.test(address)
  )
}
