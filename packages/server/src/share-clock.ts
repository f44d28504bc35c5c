import { toTimestamp } from '@steadfleet/domain'
import type { Logger } from 'pino'
import type { House } from './house.ts'

const lookMs = 300_000

/** Notes how fresh the fleets are, from now on. */
export function watchShares(
  { store, world }: Pick<House, 'store' | 'world'>,
  logger: Logger,
): Disposable {
  const look = (): void => {
    store.write('noteShares', { now: toTimestamp(world.now()) }).catch((fault: unknown) => {
      // The next look notes it.
      logger.error({ err: fault }, 'cannot note how fresh fleets are yet')
    })
  }
  const timer = setInterval(look, lookMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
