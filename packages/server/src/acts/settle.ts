import type { RolloutRow } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { markDue } from './due.ts'

type OfFleet = Pick<RolloutRow, 'fleet' | 'package'>

/**
 * The fleet as a whole has come to a change of settings, and whoever joins it begins there. Only who failed to
 * take it stays where it went back to.
 */
export async function settle(
  db: Db,
  { fleet, package: name }: OfFleet,
  version: number,
  rollout?: number,
): Promise<void> {
  await db
    .insertInto('settled_setting')
    .values({ fleet, package: name, version })
    .onConflict(conflict => conflict.columns(['fleet', 'package']).doUpdateSet({ version }))
    .execute()
  const inFleet = db.selectFrom('device').select('id').where('fleet', '=', fleet)
  const failed = db
    .selectFrom('move')
    .select('device')
    .where('rollout', '=', rollout ?? 0)
    .where('state', 'in', ['failed', 'rolled back', 'recalled'])
  await db
    .deleteFrom('device_setting')
    .where('package', '=', name)
    .where('device', 'in', inFleet)
    .where('device', 'not in', failed)
    .execute()
}

/** Ends a rollout of settings: who joined the fleet since it began has not got them yet. */
export async function settleRollout(db: Db, rollout: RolloutRow): Promise<void> {
  if (rollout.settings === null) return
  await settle(db, rollout, rollout.settings, rollout.id)
  const late = await db
    .selectFrom('device')
    .select('id')
    .where('fleet', '=', rollout.fleet)
    .where('enrolled_at', '>=', rollout.created_at)
    .execute()
  await markDue(
    db,
    late.map(({ id }) => id),
  )
}

/** Moves devices to a change of settings, 500 at most; their next orders have it. */
export async function moveSettings(
  db: Db,
  devices: readonly string[],
  { package: name, version }: { readonly package: string; readonly version: number },
): Promise<void> {
  if (devices.length === 0) return
  await db
    .insertInto('device_setting')
    .values(devices.map(device => ({ device, package: name, version })))
    .onConflict(conflict => conflict.columns(['device', 'package']).doUpdateSet({ version }))
    .execute()
  await markDue(db, devices)
}

/** A device has the settings again that it had before, unless it was moved to others meanwhile. */
export async function takeSettingsBack(
  db: Db,
  { package: name, settings }: RolloutRow,
  device: string,
  version: number,
): Promise<void> {
  const held = await db
    .selectFrom('device_setting')
    .select('version')
    .where('device', '=', device)
    .where('package', '=', name)
    .executeTakeFirst()
  if (held?.version === settings) await moveSettings(db, [device], { package: name, version })
}

/** What a person has cancelled is no part of any later change. */
export async function withdraw(db: Db, { settings }: RolloutRow): Promise<void> {
  if (settings === null) return
  await db.updateTable('setting_change').set({ withdrawn: 1 }).where('id', '=', settings).execute()
}
