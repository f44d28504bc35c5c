import { isCoded } from '@steadfleet/base'
import type { NewEvent } from './outbox.ts'

/** Codes that say that somebody offered what must not be trusted, rather than that something broke. */
const suspicious = /^(trust|bundle|tree)\/|^agent\/(digest|too-long|record|slow)$/

export function isSecurityEvent(error: unknown): boolean {
  return isCoded(error) && suspicious.test(error.code)
}

/** So long the same refusal is not told again. */
const quietMs = 60 * 60 * 1000

/** Tells each trust refusal once an hour: an attacker must not be able to fill the outbox. */
export class SecurityReporter {
  readonly #tell: (event: NewEvent) => Promise<void>
  readonly #monotonic: () => number
  readonly #told = new Map<string, number>()

  constructor(tell: (event: NewEvent) => Promise<void>, monotonic: () => number) {
    this.#tell = tell
    this.#monotonic = monotonic
  }

  async report(error: unknown): Promise<void> {
    if (!isCoded(error) || !isSecurityEvent(error)) return
    const key = `${error.code} ${error.message}`
    const now = this.#monotonic()
    if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return
    if (this.#told.size > 100) this.#told.clear()
    this.#told.set(key, now)
    const message = error.message.slice(0, 1000)
    await this.#tell({
      kind: 'security',
      code: error.code,
      message,
      details: factsOf(error.details),
    })
  }
}

function factsOf(details: object): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'boolean' || Number.isSafeInteger(value) ? value : String(value),
    ]),
  )
}
