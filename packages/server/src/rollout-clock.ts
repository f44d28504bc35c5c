import { toTimestamp } from '@steadfleet/domain'
import type { Logger } from 'pino'
import { announce } from './announce.ts'
import { haltDisallowed } from './catalogue/refuse-disallowed.ts'
import type { House } from './house.ts'

type Place = Pick<House, 'catalogues' | 'orderer' | 'owner' | 'store' | 'streams' | 'world'>

/** How often rollouts are looked for whose time has come: one look-up in an index that is mostly empty. */
const lookMs = 1000

/** Lets rollouts whose time has come begin or go on; answers how many there were. */
export async function wakeRollouts(place: Place): Promise<number> {
  const { store, world } = place
  const now = toTimestamp(world.now())
  const due = await store.db
    .selectFrom('rollout')
    .select('fleet')
    .distinct()
    .where('wakes_at', '<=', now)
    .execute()
  if (due.length === 0) return 0
  const woken = await store.write('wakeRollouts', { now })
  // The policy may have changed since it was made.
  await haltDisallowed(place)
  await place.orderer.nudge()
  for (const { fleet } of due) announce(place, 'rollouts', { fleet })
  return woken
}

/** Looks at rollouts that wait for a time, from now on. */
export function watchRollouts(place: Place, logger: Logger): Disposable {
  let isLooking = false
  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    try {
      const woken = await wakeRollouts(place)
      if (woken > 0) logger.info({ woken }, 'rollouts whose time has come go on')
    } catch (fault) {
      // Nothing was noted that is not so: the next look tries again.
      logger.error({ err: fault }, 'cannot look at rollouts yet')
    } finally {
      isLooking = false
    }
  }
  const timer = setInterval(() => void look(), lookMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
