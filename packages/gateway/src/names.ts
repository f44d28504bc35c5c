import { isCoded } from '@steadfleet/base'
import { answeredAddresses, dnsTypes } from '@steadfleet/confine/dns'
import { gatewayTable } from '@steadfleet/confine/mud'
import type { Answer, Resolve } from './resolver.ts'

type Sets = { readonly ipv4: string; readonly ipv6: string }

export interface NamesWorld {
  readonly resolve: Resolve
  /** Loads a script of nftables; one after the other. */
  readonly load: (script: string) => Promise<void>
  /** Whether a name of the Internet may mean this address here. */
  readonly mayMean: (address: string) => boolean
  readonly tell: (event: { event: 'name' | 'refused'; name: string; text: string }) => void
  readonly now: () => number
  /** So long an address stays allowed after its time to live: connections outlive answers. */
  readonly graceSeconds: number
}

interface Known {
  addresses: ReadonlySet<string>
  due: number
  failures: number
}

const shortest = 20
const longest = 3600
const atOnce = 16

/** The host names of all files: what each means now is in its sets, before anybody connects to it. */
export class Names {
  readonly #world: NamesWorld
  readonly #known = new Map<string, Known>()
  #hosts: ReadonlyMap<string, Sets> = new Map()

  constructor(world: NamesWorld) {
    this.#world = world
  }

  /** From now on these names count. */
  follow(hosts: ReadonlyMap<string, Sets>): void {
    this.#hosts = hosts
    for (const name of this.#known.keys()) if (!hosts.has(name)) this.#known.delete(name)
  }

  /** What each name means, for people. */
  meanings(): { name: string; addresses: string[] }[] {
    return [...this.#known].map(([name, { addresses }]) => ({
      name,
      addresses: [...addresses].sort(),
    }))
  }

  /** Asks again for all names whose answers have run out. */
  async refresh(): Promise<void> {
    const now = this.#world.now()
    const due = [...this.#hosts.keys()].filter(name => (this.#known.get(name)?.due ?? 0) <= now)
    for (let i = 0; i < due.length; i += atOnce) {
      await Promise.all(due.slice(i, i + atOnce).map(name => this.#ask(name)))
    }
  }

  async #ask(name: string): Promise<void> {
    try {
      const types = [dnsTypes.A, dnsTypes.AAAA]
      const answers = await Promise.all(types.map(type => this.#world.resolve({ name, type })))
      await this.learn(name, answers, true)
    } catch (error) {
      const before = this.#known.get(name)
      const failures = (before?.failures ?? 0) + 1
      const wait = Math.min(300, 10 * 2 ** Math.min(failures, 5)) * 1000
      this.#known.set(name, {
        addresses: before?.addresses ?? new Set(),
        due: this.#world.now() + wait,
        failures,
      })
      if (failures === 1) this.#tell('name', name, isCoded(error) ? error.message : `${error}`)
    }
  }

  /** Lets through what answers for a name say, if it is one of a file. Resolves when it is let through. */
  async learn(name: string, answers: readonly Answer[], isWhole = false): Promise<void> {
    const sets = this.#hosts.get(name)
    if (!sets) return
    const found = answers.map(({ message }) => answeredAddresses(message))
    const all = found.flatMap(({ addresses }) => addresses)
    const odd = all.filter(one => !this.#world.mayMean(one))
    const addresses = all.filter(one => this.#world.mayMean(one)).slice(0, 64)
    const ttl = Math.min(...found.map(one => one.ttl))
    const seconds = Math.max(ttl, shortest) + this.#world.graceSeconds
    if (addresses.length > 0) await this.#world.load(scriptFor(sets, addresses, seconds))
    for (const one of odd)
      this.#tell('refused', name, `${name} means ${one}, which is of this network`)
    this.#remember(name, addresses, isWhole ? ttl : undefined)
  }

  /** `ttl` is that of all its addresses; absent: an answer in passing, after which it is asked as before. */
  #remember(name: string, addresses: readonly string[], ttl: number | undefined): void {
    const before = this.#known.get(name)
    const fresh = addresses.filter(one => !before?.addresses.has(one))
    if (fresh.length > 0) this.#tell('name', name, `${name} is ${fresh.join(', ')}`)
    const kept = ttl === undefined ? [...(before?.addresses ?? [])] : []
    const wait = Math.min(longest, Math.max(shortest, ttl ?? 0)) * 1000
    this.#known.set(name, {
      addresses: new Set([...kept, ...addresses].slice(-256)),
      due: ttl === undefined && before ? before.due : this.#world.now() + wait,
      failures: 0,
    })
  }

  #tell(event: 'name' | 'refused', name: string, text: string): void {
    this.#world.tell({ event, name, text })
  }
}

/** An element is taken out and put in again in one transaction: that is how its time begins anew. */
function scriptFor(sets: Sets, addresses: readonly string[], seconds: number): string {
  const lines = addresses.flatMap(one => {
    const element = `element inet ${gatewayTable} ${one.includes(':') ? sets.ipv6 : sets.ipv4}`
    return [
      `add ${element} { ${one} }`,
      `delete ${element} { ${one} }`,
      `add ${element} { ${one} timeout ${seconds}s }`,
    ]
  })
  return `${lines.join('\n')}\n`
}
