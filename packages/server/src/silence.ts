import { toTimestamp } from '@steadfleet/domain'
import type { Logger } from 'pino'
import { announce } from './announce.ts'
import type { House } from './house.ts'
import { allFleets } from './store/fleet-store.ts'

type Place = Pick<House, 'store' | 'streams' | 'world'>

/** So many check-ins a device may miss; an open stream is none: who drops requests may leave it open. */
const mostMissed = 3

/** The longest between two looks; a fleet that asks more often is looked at more often. */
const lookMs = 60_000

/**
 * Devices last heard before this moment are silent. None is, as long as the server itself has not been
 * there for so long: who was away has heard nobody.
 */
export function silentBefore(
  checkInSeconds: number,
  watchedSince: Date,
  now: Date,
): Date | undefined {
  const allowedMs = mostMissed * checkInSeconds * 1000
  if (now.getTime() - watchedSince.getTime() < allowedMs) return undefined
  return new Date(now.getTime() - allowedMs)
}

/** Raises the alarm for every device that is silent now and was not; answers them. */
export async function raiseSilence(place: Place, watchedSince: Date): Promise<string[]> {
  const { store, world } = place
  const now = world.now()
  const raised: string[] = []
  for (const { name, check_in_seconds } of await allFleets(store.db)) {
    const before = silentBefore(check_in_seconds, watchedSince, now)
    if (before === undefined) continue
    const said = { fleet: name, before: toTimestamp(before), now: toTimestamp(now) }
    raised.push(...(await store.write('raiseSilence', said)))
  }
  for (const device of raised) announce(place, 'device', { device })
  return raised
}

/** Looks for silent devices from now on. What ends an alarm is the device's next check-in. */
export async function watchSilence(place: Place, logger: Logger): Promise<Disposable> {
  const watchedSince = place.world.now()
  const fleets = await allFleets(place.store.db)
  const shortest = Math.min(...fleets.map(fleet => fleet.check_in_seconds * 1000), lookMs)
  const look = async (): Promise<void> => {
    try {
      for (const device of await raiseSilence(place, watchedSince)) {
        logger.warn({ device }, 'a device is silent')
      }
    } catch (fault) {
      // The next look tries again; nothing was noted that is not so.
      logger.error({ err: fault }, 'cannot look for silent devices yet')
    }
  }
  const timer = setInterval(() => void look(), shortest)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
