import { isCoded } from '@steadfleet/base'
import type { Logger } from 'pino'

/** A deed that is done again and again until nothing is left of it, and soon again where it failed. */
export interface Pusher extends AsyncDisposable {
  nudge(): void
  /** True once the deed has succeeded that began after this call; false where that takes longer. */
  settle(withinMs: number): Promise<boolean>
  /** Why the last try failed. */
  trouble(): Error | undefined
}

const firstRetryMs = 250
const longestRetryMs = 30_000

export function makePusher(deed: () => Promise<void>, logger: Pick<Logger, 'warn'>): Pusher {
  let isDue = false
  let isEnding = false
  let failures = 0
  let trouble: Error | undefined
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let waiting: (() => void)[] = []

  async function attempt(): Promise<void> {
    isDue = false
    const heard = waiting
    waiting = []
    try {
      await deed()
      failures = 0
      trouble = undefined
      for (const tell of heard) tell()
    } catch (fault) {
      waiting = [...heard, ...waiting]
      failures += 1
      note(fault)
      retryLater()
    }
  }

  /** Told once for each kind of trouble, not at each try. */
  function note(fault: unknown): void {
    const before = trouble
    trouble = fault instanceof Error ? fault : new Error(String(fault))
    if (before?.message === trouble.message) return
    if (isCoded(fault)) logger.warn({ code: fault.code, ...fault.details }, fault.message)
    else logger.warn({ err: fault }, 'cannot keep the log')
  }

  function retryLater(): void {
    clearTimeout(timer)
    const wait = Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs)
    timer = setTimeout(nudge, wait)
    timer.unref()
  }

  async function drain(): Promise<void> {
    while (isDue && !isEnding) await attempt()
    running = undefined
  }

  function nudge(): void {
    isDue = true
    running ??= drain()
  }

  return {
    nudge,
    async settle(withinMs) {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const late = setTimeout(() => resolve(false), withinMs)
      waiting.push(() => resolve(true))
      nudge()
      return promise.finally(() => clearTimeout(late))
    },
    trouble: () => trouble,
    async [Symbol.asyncDispose]() {
      isEnding = true
      clearTimeout(timer)
      await running
    },
  }
}
