import { isCoded } from '@steadfleet/base'
import { backOff } from '@steadfleet/engine'
import { type Client, makeClient, type Transport } from '@steadfleet/protocol'
import { AgentError, isDamage } from '../error.ts'
import { isTransient } from '../server/transient.ts'
import type { World } from '../world.ts'

/** Somewhere that content is fetched from. What comes is held against its digest, wherever it is from. */
export interface Source {
  /** Its origin. */
  readonly name: string
  readonly client: Client
  /** A peer has objects and no bundles. */
  readonly kind: 'peer' | 'mirror' | 'server'
}

export interface SourceOptions {
  readonly server: Source
  readonly transport: Transport
  readonly world: World
  /** Origins, in the order in which they are asked. */
  readonly peers: readonly string[]
  readonly mirrors: readonly string[]
  readonly suspect: (error: unknown) => void
}

const leaving = { first: 60_000, longest: 3_600_000 }

interface Left {
  readonly failures: number
  readonly until: number
}

/** Peers, mirrors, and last the server. One that lied, stalled or is not there is left alone for a while. */
export class Sources {
  readonly #all: readonly Source[]
  readonly #world: World
  readonly #suspect: (error: unknown) => void
  readonly #left = new Map<Source, Left>()

  constructor({ server, transport, world, peers, mirrors, suspect }: SourceOptions) {
    // Their requests are not signed: who asks is nobody else's business.
    const at = (kind: 'peer' | 'mirror') => (origin: string) => ({
      name: origin,
      client: makeClient({ origin, transport }),
      kind,
    })
    this.#all = [...peers.map(at('peer')), ...mirrors.map(at('mirror')), server]
    this.#world = world
    this.#suspect = suspect
  }

  /** Those of these kinds that may be asked now, in their order. */
  of(kinds: readonly Source['kind'][]): Source[] {
    const now = this.#world.monotonic()
    return this.#all.filter(
      source => kinds.includes(source.kind) && (this.#left.get(source)?.until ?? 0) <= now,
    )
  }

  /**
   * Asks one after the other until one has it. What the server says is the last word; of the others,
   * what is worth telling is told.
   */
  async first<T>(
    kinds: readonly Source['kind'][],
    ask: (source: Source) => Promise<T>,
    stop: AbortSignal,
  ): Promise<T> {
    const sources = this.of(kinds)
    for (const source of sources) {
      try {
        const found = await ask(source)
        this.#left.delete(source)
        return found
      } catch (error) {
        stop.throwIfAborted()
        if (source.kind === 'server' || !isItsDoing(error)) throw error
        this.leave(source, error)
      }
    }
    throw new AgentError('agent/not-there', 'cannot fetch: there is nobody to ask')
  }

  /** Not having something is no fault. */
  leave(source: Source, error: unknown): void {
    if (isCoded(error) && 'status' in error && error.status === 404) return
    const failures = (this.#left.get(source)?.failures ?? 0) + 1
    const wait = backOff(leaving, failures, this.#world.random())
    this.#left.set(source, { failures, until: this.#world.monotonic() + wait })
    const why = error instanceof Error ? error.message : String(error)
    const message = `cannot use ${source.kind} ${source.name}: ${why}`
    const reason = isCoded(error) ? error.code : 'agent/fault'
    // One that is switched off is no security event; nobody but this device need know of it.
    const code = isTransient(error) ? 'agent/unreachable' : 'agent/mirror'
    const details = { source: source.name, reason }
    this.#suspect(new AgentError(code, message, details, { cause: error }))
  }
}

/** A full disk is ours, wherever the bytes came from; so is an old object that was changed here. */
export function isItsDoing(error: unknown): boolean {
  if (!isCoded(error) || isDamage(error)) return false
  return !error.code.startsWith('agent/disk') && error.code !== 'agent/no-inodes'
}
