import { setImmediate as turn } from 'node:timers/promises'
import type { World } from '../world.ts'

/** Called between two small pieces of long work; what it yields is waited for. */
export type Breath = () => Promise<void> | undefined

const sliceMs = 10

/** Works on, but lets others have a turn every few milliseconds. */
export function quickBreath({ monotonic }: Pick<World, 'monotonic'>): Breath {
  let since = monotonic()
  return () => {
    if (monotonic() - since < sliceMs) return undefined
    return turn().then(() => {
      since = monotonic()
    })
  }
}

/**
 * Rests nine times as long as it worked: what has a week may not be felt. A piece of work is short; where
 * it took long the machine had stalled, and a rest for that would be for nothing.
 */
export function idleBreath(
  { monotonic, sleep }: Pick<World, 'monotonic' | 'sleep'>,
  stop: AbortSignal,
): Breath {
  let since = monotonic()
  return () => {
    const worked = monotonic() - since
    if (worked < sliceMs) return undefined
    return sleep(Math.min(worked, longestWorkMs) * restFor, stop).then(() => {
      since = monotonic()
    })
  }
}

const restFor = 9
const longestWorkMs = 500
