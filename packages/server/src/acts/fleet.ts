import {
  faultsInSettings,
  type ReleaseRecord,
  type RolloutPolicy,
  type SettingScope,
  type SettingValues,
  type UpdatePolicy,
} from '@steadfleet/domain'
import type { GroupConditions } from '@steadfleet/protocol'
import { ServerError, unknown } from '../error.ts'
import { deviceWithId } from '../store/device-store.ts'
import { fleetNamed, groupsOf } from '../store/fleet-store.ts'
import { channelNamed, releasesAt, releasesOf } from '../store/release-store.ts'
import type { Db } from '../store/schema.ts'
import { refuseUnpublished } from './channel.ts'
import { assign, markDue, markFleetDue } from './due.ts'
import { type ModelGrants, noteModelGrants } from './grant.ts'

export interface NewSetting {
  readonly fleet: string
  readonly package: string
  readonly scope: SettingScope
  /** The group, the device, or the fleet's own name. */
  readonly name: string
  readonly values: SettingValues
}

/** Sets all values of one scope; what the release does not declare so is refused, and nothing kept. */
export async function setSettings(db: Db, setting: NewSetting): Promise<void> {
  await fleetNamed(db, setting.fleet)
  await refuseUnknownTarget(db, setting)
  const faults = faultsInSettings(await declaredSettings(db, setting), setting.values)
  if (faults.length > 0) {
    const lines = faults.map(({ path, message }) => `${path.slice(1)} ${message}`)
    const message = `cannot set ${setting.package}: ${lines.join('; ')}`
    throw new ServerError('setting/mismatch', message, { package: setting.package, faults: lines })
  }
  const { values, ...key } = setting
  const json = JSON.stringify(values)
  await db
    .insertInto('setting')
    .values({ ...key, json })
    .onConflict(conflict =>
      conflict.columns(['fleet', 'package', 'scope', 'name']).doUpdateSet({ json }),
    )
    .execute()
  if (setting.scope === 'device') await markDue(db, [setting.name])
  else await markFleetDue(db, setting.fleet)
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
    .deleteFrom('setting')
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

async function refuseUnknownTarget(db: Db, { fleet, scope, name }: NewSetting): Promise<void> {
  switch (scope) {
    case 'fleet':
      if (name !== fleet) throw unknown('fleet/unknown', `fleet ${name}`, { fleet: name })
      return
    case 'group':
      return refuseUnknownGroup(db, fleet, name)
    case 'device':
      if ((await deviceWithId(db, name)).fleet === fleet) return
      throw unknown('device/unknown', `device ${name} in fleet ${fleet}`, { device: name })
  }
}

async function refuseUnknownGroup(db: Db, fleet: string, name: string): Promise<void> {
  if ((await groupsOf(db, fleet)).some(group => group.name === name)) return
  throw unknown('group/unknown', `group ${name} in fleet ${fleet}`, { group: name })
}

/** What the newest revision that the fleet runs, is to run, or waits for, declares. */
async function declaredSettings(
  db: Db,
  { fleet, package: name }: NewSetting,
): Promise<NonNullable<ReleaseRecord['behaviour']['settings']>> {
  const revision = Math.max(0, ...(await revisionsIn(db, fleet, name)))
  const [release] = await releasesAt(db, name, revision)
  if (release) return release.record.behaviour.settings ?? {}
  const what = `package ${name} in fleet ${fleet}`
  throw unknown('setting/unknown-package', what, { fleet, package: name })
}

async function revisionsIn(db: Db, fleet: string, name: string): Promise<number[]> {
  const assigned = await db
    .selectFrom('device_package')
    .innerJoin('device', 'device.id', 'device_package.device')
    .select('device_package.revision')
    .distinct()
    .where('device.fleet', '=', fleet)
    .where('device_package.package', '=', name)
    .execute()
  const followed = await db
    .selectFrom('fleet_package')
    .select('channel')
    .where('fleet', '=', fleet)
    .where('package', '=', name)
    .executeTakeFirst()
  const held = followed && (await channelNamed(db, name, followed.channel))
  // Followed before its channel points anywhere: values can be set before anything is ordered.
  const [newest] = followed && !held ? await releasesOf(db, name) : []
  const awaited = held?.revision ?? newest?.record.revision
  return [...assigned.map(({ revision }) => revision), ...(awaited ? [awaited] : [])]
}
