import type { Phase } from '@steadfleet/domain'
import { ServerError, unknown } from '../error.ts'
import { fleetNamed, followersOf } from '../store/fleet-store.ts'
import { channelNamed, floorAbove, releasesAt } from '../store/release-store.ts'
import type { Db } from '../store/schema.ts'
import { unassign } from './due.ts'
import { refuseUnreviewed } from './refuse-unreviewed.ts'
import { startRollout, supersede } from './rollout.ts'

export interface ChannelMove {
  readonly package: string
  readonly channel: string
  readonly revision: number
  readonly phases?: readonly Phase[] | undefined
  readonly startsAt?: string | undefined
  readonly restoresData?: boolean | undefined
  readonly by: string
  readonly now: string
}

/** Points a channel at a revision, and starts a rollout in every fleet that follows it. */
export async function moveChannel(db: Db, move: ChannelMove): Promise<{ rollouts: number[] }> {
  const { channel, revision, now } = move
  await refuseUnpublished(db, move.package, revision)
  await refuseBelowFloor(db, move.package, revision)
  await refuseUnreviewed(db, move)
  await db
    .insertInto('channel')
    .values({ package: move.package, channel, revision, moved_at: now })
    .onConflict(conflict =>
      conflict.columns(['package', 'channel']).doUpdateSet({ revision, moved_at: now }),
    )
    .execute()
  const rollouts: number[] = []
  for (const fleet of await followersOf(db, move.package, channel)) {
    rollouts.push(await startRollout(db, { ...move, fleet }))
  }
  return { rollouts }
}

export interface Following {
  readonly fleet: string
  readonly package: string
  readonly channel: string
  readonly by: string
  readonly now: string
}

/** Lets a fleet run a package; where its channel points already, a rollout starts. */
export async function followChannel(db: Db, following: Following): Promise<{ rollouts: number[] }> {
  const { fleet, channel, by, now } = following
  await fleetNamed(db, fleet)
  await db
    .insertInto('fleet_package')
    .values({ fleet, package: following.package, channel })
    .onConflict(conflict => conflict.columns(['fleet', 'package']).doUpdateSet({ channel }))
    .execute()
  const held = await channelNamed(db, following.package, channel)
  if (!held) return { rollouts: [] }
  const { revision } = held
  const start = { fleet, package: following.package, revision, channel, by, now }
  return { rollouts: [await startRollout(db, start)] }
}

/** Removes a package from a fleet: what is under way ends, and every device is ordered without it. */
export async function unfollowPackage(
  db: Db,
  { fleet, package: name }: { fleet: string; package: string },
): Promise<void> {
  await fleetNamed(db, fleet)
  const gone = await db
    .deleteFrom('fleet_package')
    .where('fleet', '=', fleet)
    .where('package', '=', name)
    .returning('channel')
    .executeTakeFirst()
  if (!gone) throw unknown('fleet/not-followed', `${name} in fleet ${fleet}`, { package: name })
  await supersede(db, { fleet, package: name, kind: 'release' })
  await supersede(db, { fleet, package: name, kind: 'settings' })
  const devices = await db.selectFrom('device').select('id').where('fleet', '=', fleet).execute()
  const ids = devices.map(({ id }) => id)
  await unassign(db, ids, name)
}

export async function refuseUnpublished(db: Db, name: string, revision: number): Promise<void> {
  if ((await releasesAt(db, name, revision)).length > 0) return
  throw unknown('release/unknown', `revision ${revision} of ${name}`, { package: name, revision })
}

/** A device that ran a later release with this floor would refuse; so nobody is asked. */
async function refuseBelowFloor(db: Db, name: string, revision: number): Promise<void> {
  const floor = await floorAbove(db, name, revision)
  if (floor <= revision) return
  const message = `cannot go back to revision ${revision} of ${name}: its floor is ${floor}`
  throw new ServerError('release/below-floor', message, { package: name, revision, floor })
}
