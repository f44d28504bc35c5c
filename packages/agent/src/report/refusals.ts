import { type CodedError, type Details, isCoded } from '@steadfleet/base'
import { asCoded } from '../error.ts'
import { isTransient } from '../server/transient.ts'
import type { World } from '../world.ts'
import type { NewEvent } from './outbox.ts'

/** Codes that say that somebody offered what must not be trusted, rather than that something broke. */
const suspicious =
  /^(trust|bundle|tree|json)\/|^schema\/mismatch$|^agent\/(digest|too-long|too-short|record)$/

export function isSecurityEvent(error: unknown): boolean {
  return isCoded(error) && suspicious.test(error.code)
}

/** So long the same refusal is not told again. */
const quietMs = 60 * 60 * 1000

/** Tells each refusal once an hour: an attacker must not be able to fill the outbox. */
export class RefusalReporter {
  readonly #tell: (event: NewEvent) => Promise<void>
  readonly #monotonic: () => number
  readonly #told = new Map<string, number>()

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
    world.log({ level, message: error.message, code: error.code, ...stackOf(error) })
    const isSecurity = isSecurityEvent(error)
    if (isTransient(error) && !isSecurity) return
    if (this.#isQuiet(`${error.code} ${error.message}`)) return
    const message = error.message.slice(0, 1000)
    const kind = isSecurity ? 'security' : 'agent'
    await this.#tell({ kind, code: error.code, message, details: factsOf(error.details) })
  }

  #isQuiet(key: string): boolean {
    const now = this.#monotonic()
    if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return true
    if (this.#told.size > 100) this.#told.clear()
    this.#told.set(key, now)
    return false
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
