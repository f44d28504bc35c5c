import { isCoded } from '@steadfleet/base'
import type { Logger } from 'pino'

const firstRetryMs = 250
const longestRetryMs = 30_000

/**
 * A deed that is done whenever it is due, one at a time, and soon again where it failed. A class because
 * it lives until it is ended.
 */
export class Pusher implements AsyncDisposable {
  readonly #deed: () => Promise<void>
  readonly #logger: Pick<Logger, 'warn'>
  #isDue = false
  #isEnding = false
  #failures = 0
  #trouble: Error | undefined
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #waiting: (() => void)[] = []

  constructor(deed: () => Promise<void>, logger: Pick<Logger, 'warn'>) {
    this.#deed = deed
    this.#logger = logger
  }

  /** Why the last try failed. */
  get trouble(): Error | undefined {
    return this.#trouble
  }

  /** Whether the deed is being done now; false while a failed one waits for its next try. */
  get isBusy(): boolean {
    return this.#running !== undefined
  }

  nudge(): void {
    this.#isDue = true
    this.#running ??= this.#drain()
  }

  /** True once the deed has succeeded that began after this call; false where that takes longer. */
  settle(withinMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const late = setTimeout(() => resolve(false), withinMs)
    this.#waiting.push(() => resolve(true))
    this.nudge()
    return promise.finally(() => clearTimeout(late))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true
    clearTimeout(this.#timer)
    await this.#running
  }

  async #drain(): Promise<void> {
    while (this.#isDue && !this.#isEnding) await this.#attempt()
    this.#running = undefined
  }

  async #attempt(): Promise<void> {
    this.#isDue = false
    const heard = this.#waiting
    this.#waiting = []
    try {
      await this.#deed()
      this.#failures = 0
      this.#trouble = undefined
      for (const tell of heard) tell()
    } catch (fault) {
      this.#waiting = [...heard, ...this.#waiting]
      this.#failures += 1
      this.#note(fault)
      this.#retryLater()
    }
  }

  /** Told once for each kind of trouble, not at each try. */
  #note(fault: unknown): void {
    const before = this.#trouble?.message
    this.#trouble = fault instanceof Error ? fault : new Error(String(fault))
    if (before === this.#trouble.message) return
    if (isCoded(fault)) this.#logger.warn({ code: fault.code, ...fault.details }, fault.message)
    else this.#logger.warn({ err: fault }, 'cannot keep the log')
  }

  #retryLater(): void {
    clearTimeout(this.#timer)
    if (this.#isEnding) return
    const ms = Math.min(firstRetryMs * 2 ** (this.#failures - 1), longestRetryMs)
    this.#timer = setTimeout(() => this.nudge(), ms)
    this.#timer.unref()
  }
}
