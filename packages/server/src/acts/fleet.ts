import type { RolloutPolicy, UpdatePolicy } from '@steadfleet/domain'
import { ServerError, unknown } from '../error.ts'
import { toCondition } from '../query/compile.ts'
import { deviceWithId } from '../store/device-store.ts'
import { fleetNamed, groupsOf, rolloutPolicyOf } from '../store/fleet-store.ts'
import { releasesAt } from '../store/release-store.ts'
import type { Db } from '../store/schema.ts'
import { refuseUnpublished } from './channel.ts'
import { assign, markFleetDue } from './due.ts'
import { type ModelGrants, noteModelGrants } from './grant.ts'
import { isNamedBy, phasesOf, refuseUnasked } from './phase-members.ts'
import { refuseUnknownGroup } from './setting.ts'

export interface NewFleet extends ModelGrants {
  readonly owner: string
  readonly model: string
  readonly checkInSeconds: number
  readonly probationSeconds: number | null
}

/** Makes a fleet, which has no devices and runs nothing yet. */
export async function addFleet(
  db: Db,
  { fleet, owner, model, checkInSeconds, probationSeconds, grants, now }: NewFleet,
): Promise<void> {
  const times = { check_in_seconds: checkInSeconds, probation_seconds: probationSeconds }
  const added = await db
    .insertInto('fleet')
    .values({ name: fleet, owner, model, ...times })
    .onConflict(conflict => conflict.doNothing())
    .returning('name')
    .executeTakeFirst()
  if (!added) throw new ServerError('fleet/exists', `cannot add fleet ${fleet}: it is there`)
  await noteModelGrants(db, { fleet, grants, now })
}

/** Every device of the fleet is ordered anew by this statement; whether it may be is asked before. */
export async function setModel(
  db: Db,
  { model, ...granted }: ModelGrants & { readonly model: string },
): Promise<void> {
  const { fleet } = granted
  await db.updateTable('fleet').set({ model }).where('name', '=', fleet).execute()
  await noteModelGrants(db, granted)
  await markFleetDue(db, fleet)
}

/** Every device of the fleet is ordered anew under it. */
export async function setUpdates(
  db: Db,
  { fleet, updates }: { readonly fleet: string; readonly updates: UpdatePolicy },
): Promise<void> {
  await fleetNamed(db, fleet)
  await db
    .updateTable('fleet')
    .set({ updates: JSON.stringify(updates) })
    .where('name', '=', fleet)
    .execute()
  await markFleetDue(db, fleet)
}

/** How rollouts of a fleet go from now on; those that were made already go on as they are. */
export async function setRollouts(
  db: Db,
  { fleet, policy }: { readonly fleet: string; readonly policy: RolloutPolicy },
): Promise<void> {
  await fleetNamed(db, fleet)
  await refuseUnasked(db, fleet, phasesOf(policy))
  const rollouts = JSON.stringify(policy)
  await db.updateTable('fleet').set({ rollouts }).where('name', '=', fleet).execute()
}

export interface NewGroup {
  readonly fleet: string
  readonly name: string
  readonly query: string
}

/** Saves a query as a group; one that cannot be asked, or leads to itself, is refused. */
export async function putGroup(db: Db, { fleet, name, query }: NewGroup): Promise<void> {
  await fleetNamed(db, fleet)
  const others = (await groupsOf(db, fleet)).map(group => [group.name, group.query] as const)
  const groups = new Map([...others, [name, query]])
  toCondition(`${JSON.stringify(name)} in groups`, { groups, now: new Date(0) })
  await db
    .insertInto('fleet_group')
    .values({ fleet, name, conditions: '{}', query })
    .onConflict(conflict => conflict.columns(['fleet', 'name']).doUpdateSet({ query }))
    .execute()
  await markFleetDue(db, fleet)
}

export async function removeGroup(
  db: Db,
  { fleet, name }: { fleet: string; name: string },
): Promise<void> {
  await refuseUnknownGroup(db, fleet, name)
  await refuseNeeded(db, fleet, name)
  await db.deleteFrom('fleet_group').where('fleet', '=', fleet).where('name', '=', name).execute()
  await db
    .deleteFrom('setting_change')
    .where('fleet', '=', fleet)
    .where('scope', '=', 'group')
    .where('name', '=', name)
    .execute()
  await markFleetDue(db, fleet)
}

/** Without it the groups that name it would be in doubt. */
async function refuseNeeded(db: Db, fleet: string, name: string): Promise<void> {
  await refuseInPolicy(db, fleet, name)
  const groups = await groupsOf(db, fleet)
  const left = new Map(groups.filter(group => group.name !== name).map(it => [it.name, it.query]))
  for (const [other, query] of left) {
    try {
      toCondition(query, { groups: left, now: new Date(0) })
    } catch (cause) {
      if (!(cause instanceof ServerError)) throw cause
      const message = `cannot forget group ${name}: group ${other} names it`
      throw new ServerError('group/in-use', message, { group: name, by: other }, { cause })
    }
  }
}

async function refuseInPolicy(db: Db, fleet: string, name: string): Promise<void> {
  const phases = phasesOf(rolloutPolicyOf(await fleetNamed(db, fleet)))
  if (!isNamedBy(phases, name)) return
  const message = `cannot forget group ${name}: the rollout policy of fleet ${fleet} has a phase of it`
  throw new ServerError('group/in-use', message, { group: name, by: 'rollout policy' })
}

export interface Trial {
  readonly device: string
  readonly package: string
  readonly revision: number
}

/** Assigns one revision to one device, outside any rollout. */
export async function tryRelease(db: Db, trial: Trial): Promise<void> {
  const { architecture } = await deviceWithId(db, trial.device)
  await refuseUnpublished(db, trial.package, trial.revision)
  const releases = await releasesAt(db, trial.package, trial.revision)
  if (!releases.some(({ record }) => record.architecture === architecture)) {
    const what = `revision ${trial.revision} of ${trial.package} for ${architecture}`
    throw unknown('release/unknown', what, { package: trial.package, revision: trial.revision })
  }
  await assign(db, [trial.device], { package: trial.package, revision: trial.revision })
}
