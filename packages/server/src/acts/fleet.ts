import type { RolloutPolicy, UpdatePolicy } from '@steadfleet/domain'
import type { GroupConditions } from '@steadfleet/protocol'
import { unknown } from '../error.ts'
import { deviceWithId } from '../store/device-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { releasesAt } from '../store/release-store.ts'
import type { Db } from '../store/schema.ts'
import { refuseUnpublished } from './channel.ts'
import { assign, markFleetDue } from './due.ts'
import { type ModelGrants, noteModelGrants } from './grant.ts'
import { refuseUnknownGroup } from './setting.ts'

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
  const rollouts = JSON.stringify(policy)
  await db.updateTable('fleet').set({ rollouts }).where('name', '=', fleet).execute()
}

export interface NewGroup {
  readonly fleet: string
  readonly name: string
  readonly conditions: GroupConditions
}

export async function putGroup(db: Db, { fleet, name, conditions }: NewGroup): Promise<void> {
  await fleetNamed(db, fleet)
  const text = JSON.stringify(conditions)
  await db
    .insertInto('fleet_group')
    .values({ fleet, name, conditions: text })
    .onConflict(conflict => conflict.columns(['fleet', 'name']).doUpdateSet({ conditions: text }))
    .execute()
  await markFleetDue(db, fleet)
}

export async function removeGroup(
  db: Db,
  { fleet, name }: { fleet: string; name: string },
): Promise<void> {
  await refuseUnknownGroup(db, fleet, name)
  await db.deleteFrom('fleet_group').where('fleet', '=', fleet).where('name', '=', name).execute()
  await db
    .deleteFrom('setting_change')
    .where('fleet', '=', fleet)
    .where('scope', '=', 'group')
    .where('name', '=', name)
    .execute()
  await markFleetDue(db, fleet)
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
