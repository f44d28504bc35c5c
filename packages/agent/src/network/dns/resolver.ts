import { isUnreachable, type NetworkNeeds } from '@steadfleet/confine'
import { dnsCodes, dnsTypes, toDnsAnswer, toDnsRefusal } from '@steadfleet/confine/dns'
import type { AddressType, Found, Question } from './message.ts'
import { askResolver } from './upstream.ts'

/** What a package's resolver is given by its device. */
export interface ResolverOptions {
  readonly names: NetworkNeeds['names']
  /** Resolvers of the device, asked one after the other, twice. */
  readonly servers: () => readonly string[]
  readonly port?: number
  readonly timeoutMs?: number
  /** Addresses that no name may lead to here: the device's own, other packages'. */
  readonly isForbidden: (address: string) => boolean
  /** Lets the package reach these addresses for so many seconds; done before it hears of them. */
  readonly admit: (name: string, addresses: readonly string[], seconds: number) => Promise<void>
  readonly monotonic: () => number
  /** In [0, 65536), not to be foreseen. */
  readonly randomId: () => number
  /** Is told of names that were asked for and not declared. */
  readonly onUndeclared: (name: string) => void
}

const mostSeconds = 3600
const leastAdmitted = 60
const grace = 30
const mostAsking = 32
const mostKept = 512
const usualTimeoutMs = 2000

/** What a name is made of that any host has. */
const plainName = /^[a-z0-9_.-]{1,253}$/

interface Kept {
  readonly code: number
  readonly found: Found
  readonly until: number
}

/**
 * Answers the questions of one package: declared names by asking the device's resolvers, every other at once
 * and without asking anybody, so that a question carries nothing out. Addresses alone are asked for.
 */
export class Resolver {
  readonly #of: ResolverOptions
  readonly #kept = new Map<string, Kept>()
  readonly #asking = new Map<string, Promise<Kept | undefined>>()

  constructor(options: ResolverOptions) {
    this.#of = options
  }

  /** The answer to a question, of at most so many bytes. */
  async answer({ name, type, bytes }: Question, mostBytes?: number): Promise<Uint8Array> {
    if (!this.#isDeclared(name)) {
      this.#of.onUndeclared(name)
      return toDnsRefusal(bytes, dnsCodes.noSuchName)
    }
    if (type !== dnsTypes.A && type !== dnsTypes.AAAA) return toDnsRefusal(bytes, dnsCodes.done)
    const kept = await this.#look(name, type)
    if (kept === undefined) return toDnsRefusal(bytes, dnsCodes.failed)
    if (kept.found.addresses.length === 0) return toDnsRefusal(bytes, kept.code)
    const left = Math.max(0, Math.ceil((kept.until - this.#of.monotonic()) / 1000))
    return toDnsAnswer(bytes, { ...kept.found, ttl: left }, mostBytes)
  }

  #isDeclared(name: string): boolean {
    const { names } = this.#of
    return names === 'anything' ? plainName.test(name) : names.includes(name)
  }

  #look(name: string, type: AddressType): Promise<Kept | undefined> {
    const key = `${name} ${type}`
    const kept = this.#kept.get(key)
    if (kept && kept.until > this.#of.monotonic()) return Promise.resolve(kept)
    const asking = this.#asking.get(key)
    if (asking !== undefined) return asking
    if (this.#asking.size >= mostAsking) return Promise.resolve(undefined)
    const asked = this.#ask(name, type).finally(() => this.#asking.delete(key))
    this.#asking.set(key, asked)
    return asked
  }

  async #ask(name: string, type: AddressType): Promise<Kept | undefined> {
    const { servers, port = 53, timeoutMs = usualTimeoutMs, randomId } = this.#of
    const list = servers()
    for (const server of [...list, ...list]) {
      const reply = await askResolver({ server, port, name, type, timeoutMs, id: randomId() })
      if (reply.kind === 'found') return this.#admit(name, type, reply.found)
      if (reply.kind === 'none')
        return this.#keep(name, type, reply.code, { addresses: [], ttl: 5 })
    }
    return undefined
  }

  async #admit(name: string, type: AddressType, { addresses, ttl }: Found): Promise<Kept> {
    const good = addresses.filter(one => !isUnreachable(one) && !this.#of.isForbidden(one))
    const seconds = Math.min(ttl, mostSeconds)
    if (good.length > 0) {
      await this.#of.admit(name, good, Math.max(seconds, leastAdmitted) + grace)
    }
    return this.#keep(name, type, dnsCodes.done, { addresses: good, ttl: seconds })
  }

  #keep(name: string, type: AddressType, code: number, found: Found): Kept {
    const kept = { code, found, until: this.#of.monotonic() + found.ttl * 1000 }
    const key = `${name} ${type}`
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest)
    return kept
  }
}
