import { type Change, partOf, stepOf } from '@steadfleet/engine'
import { makeUpForLost } from './change/found-data.ts'
import { heldToOrder } from './change/hold-to-order.ts'
import { type Found, recover } from './change/recover.ts'
import type { Parts } from './parts.ts'
import { tellRescues } from './self/tell-rescues.ts'
import type { World } from './world.ts'

/** What the last life of the agent left: the generation in force, and the apps to be adopted. */
export type TakenUp = Pick<Found, 'current' | 'specs'>

/** Finishes what the last life left, before anything runs: what is cut off stays cut off. */
export async function takeUp(parts: Parts, world: World): Promise<TakenUp> {
  const { floors, counter } = parts.trust
  const { rescues } = parts.self
  const found = await recover(parts.stores, parts.journal, { floors, counter, rescues })
  if (found.hasLeftovers) parts.host.leftovers.note()
  // Past its gate a change may be about to stop an app: what it shut stays shut.
  if (!isPastGate(parts.journal.state.change)) await parts.say.leases.openAll()
  await tellRescues(parts, found.current)
  for (const event of await makeUpForLost(parts.stores.paths, found.specs))
    await parts.outbox.add(event)
  await parts.isolating.heed()
  await parts.requiring.heed()
  return { current: found.current, specs: await heldToOrder(found, parts, world) }
}

/** What runs may be stopped at any moment. */
function isPastGate(change: Change | undefined): boolean {
  if (change === undefined) return false
  return change.begun.some(id => partOf[stepOf(change, id).kind] === 'activate')
}
