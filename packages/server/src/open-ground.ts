import type { House } from './house.ts'
import { makeAttempts } from './http/attempts.ts'
import { makeNonces } from './http/nonces.ts'
import { makeStreams } from './http/streams.ts'
import { makeMetrics } from './metrics.ts'
import { makePresence } from './presence.ts'
import { makeRecent } from './recent.ts'
import { openStore } from './store/store.ts'
import type { World } from './world.ts'

/** What a process stands on, whether or not it does the work of its server. */
export interface Ground
  extends AsyncDisposable,
    Pick<House, 'store' | 'streams' | 'presence' | keyof Memory> {
  /** By which its database is opened. */
  readonly place: string
}

/** What a process knows only as long as it runs. */
type Memory = Pick<House, 'nonces' | 'attempts' | 'keyHolders' | 'deviceSessions' | 'metrics'>

/** Keys and sessions that need no look-up: about 1 kB each. */
const mostRemembered = 20_000

export async function openGround(place: string, world: World): Promise<Ground> {
  await using opened = new AsyncDisposableStack()
  const store = opened.use(await openStore(place, world.now))
  const streams = opened.use(makeStreams())
  const kept = opened.move()
  return {
    ...{ place, store, streams, presence: makePresence(world) },
    nonces: makeNonces(world),
    attempts: makeAttempts(world),
    keyHolders: makeRecent(mostRemembered),
    deviceSessions: makeRecent(mostRemembered),
    metrics: makeMetrics(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
