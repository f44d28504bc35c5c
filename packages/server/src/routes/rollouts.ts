import { toTimestamp } from '@steadfleet/domain'
import { getRollout, listMoves, listRollouts, steerRollout } from '@steadfleet/protocol'
import type { Steer } from '../acts/steer-rollout.ts'
import { announce } from '../announce.ts'
import { refuseDisallowed } from '../catalogue/refuse-disallowed.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf, seenBy } from '../http/permissions.ts'
import { movesOf, newestRollouts, rolloutRow, rolloutWithId } from '../store/rollout-store.ts'

const mostRollouts = 50

/** Moves of one page where nobody says how many. */
const mostMoves = 200

/** After these devices are ordered that were not before. */
const startsAgain: ReadonlySet<Steer> = new Set(['approve', 'start', 'resume'])

/** Rollouts, whom they move, and the ways to steer them. */
export function handleRollouts(handle: Handle, house: House): void {
  const { store, world, orderer } = house
  const { db } = store

  handle(listRollouts, async ({ caller }) => newestRollouts(db, mostRollouts, seenBy(caller)))

  handle(getRollout, async ({ params }) => rolloutWithId(db, params.rollout))

  handle(listMoves, async ({ params, query }) => {
    await rolloutRow(db, params.rollout)
    return movesOf(db, params.rollout, { ...query, limit: query.limit ?? mostMoves })
  })

  handle(steerRollout, async ({ params, caller, write }) => {
    const event = params.event as Steer
    if (startsAgain.has(event)) await refuseDisallowedRollout(house, params.rollout)
    const now = toTimestamp(world.now())
    await write('steerRollout', {
      ...{ rollout: params.rollout, event, now },
      by: nameOf(caller),
    })
    await orderer.nudge()
    announce(house, 'rollouts', { rollout: params.rollout })
    return rolloutWithId(db, params.rollout)
  })
}

/** What was halted because nobody would take it is not resumed before somebody would. */
async function refuseDisallowedRollout(house: House, rollout: number): Promise<void> {
  const { package: name, revision } = await rolloutRow(house.store.db, rollout)
  await refuseDisallowed(house, name, revision)
}
