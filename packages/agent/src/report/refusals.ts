import { type CodedError, type Details, isCoded } from '@steadfleet/base'
import { asCoded } from '../error.ts'
import { isTransient } from '../server/transient.ts'
import type { World } from '../world.ts'
import type { NewEvent } from './outbox.ts'

/** Codes that say that somebody offered what must not be trusted, rather than that something broke. */
const suspicious =
  /^(trust|bundle|tree|json)\/|^schema\/mismatch$|^agent\/(digest|too-long|too-short|record|settings|secret|damaged-object|damaged-tree|mirror|widened)$/

export function isSecurityEvent(error: unknown): boolean {
  return isCoded(error) && suspicious.test(error.code)
}

/** So long the same refusal is not told again, and so long the refusals of one code are counted together. */
const quietMs = 60 * 60 * 1000
/** So many different refusals of one code are told in that time: words can be varied without end. */
const mostOfCode = 10

/** What was told of one code since `from`, and how often nothing was. */
interface Told {
  readonly from: number
  readonly messages: Set<string>
  untold: number
}

/**
 * Tells each refusal once an hour, and at most ten of a code: an attacker must not be able to fill the
 * outbox. What was left out is counted, and the count is told with the next of its code.
 */
export class RefusalReporter {
  readonly #tell: (event: NewEvent) => Promise<void>
  readonly #monotonic: () => number
  /** By code: codes are the program's own, so there are never many. */
  readonly #told = new Map<string, Told>()
  /** What was refused, or went wrong, last. */
  last: { readonly message: string; readonly at: Date } | undefined

  constructor(tell: (event: NewEvent) => Promise<void>, monotonic: () => number) {
    this.#tell = tell
    this.#monotonic = monotonic
  }

  /**
   * Logs every refusal. What may pass by itself is not told to the server; everything else is, once,
   * trust refusals as security events and what nobody foresaw as a fault.
   */
  async report(world: World, thrown: unknown): Promise<void> {
    const error = asCoded(thrown)
    const level = error.code === 'agent/fault' ? 'error' : 'warn'
    this.last = { message: error.message, at: world.now() }
    world.log({ level, message: error.message, code: error.code, ...stackOf(error) })
    const isSecurity = isSecurityEvent(error)
    if (isTransient(error) && !isSecurity) return
    const untold = this.#untoldBefore(error)
    if (untold === undefined) return
    const message = error.message.slice(0, 1000)
    const kind = isSecurity ? 'security' : 'agent'
    const details = { ...factsOf(error.details), ...(untold > 0 && { untold }) }
    await this.#tell({ kind, code: error.code, message, details })
  }

  /** How many of its code were not told before this one; undefined where this is not told either. */
  #untoldBefore({ code, message }: CodedError): number | undefined {
    const now = this.#monotonic()
    const held = this.#told.get(code)
    const isOver = held === undefined || now - held.from >= quietMs
    const told = isOver
      ? { from: now, messages: new Set<string>(), untold: held?.untold ?? 0 }
      : held
    this.#told.set(code, told)
    if (told.messages.has(message) || told.messages.size >= mostOfCode) {
      told.untold += 1
      return undefined
    }
    told.messages.add(message)
    const { untold } = told
    told.untold = 0
    return untold
  }
}

function stackOf({ cause, code }: CodedError): { stack?: string } {
  const stack = cause instanceof Error ? cause.stack : undefined
  return code === 'agent/fault' && stack !== undefined ? { stack } : {}
}

function factsOf(details: Details): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'boolean' || typeof value === 'number' ? value : String(value),
    ]),
  )
}
