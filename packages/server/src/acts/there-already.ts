import { releasesAt } from '../store/release-store.ts'
import type { RolloutRow } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { assign } from './due.ts'
import { keepVerdict } from './keep-move.ts'

/**
 * Devices of a turn that run the release already, as their last signed reports say, and are ordered nothing else:
 * they are done, by that report, and there is nothing to order them.
 */
export async function countThere(
  db: Db,
  rollout: RolloutRow,
  devices: readonly string[],
): Promise<Set<string>> {
  if (rollout.settings !== null || devices.length === 0) return new Set()
  const releases = await releasesAt(db, rollout.package, rollout.revision)
  const trees = releases.map(({ record }) => record.tree.digest)
  const moves = await db
    .selectFrom('move')
    .innerJoin('device', 'device.id', 'move.device')
    .innerJoin('device_release', 'device_release.device', 'move.device')
    .selectAll('move')
    .select('device.report_envelope')
    .where('move.rollout', '=', rollout.id)
    .where('move.device', 'in', devices)
    .where('device_release.package', '=', rollout.package)
    .where('device_release.revision', '=', rollout.revision)
    .where('device_release.tree', 'in', trees)
    .where('device.change_state', '=', 'committed')
    // Who has still to take an order may be on its way elsewhere.
    .whereRef('device.counter', '>=', 'device.ordered_counter')
    .where('device.silent_since', 'is', null)
    .execute()
  for (const { report_envelope, ...move } of moves) {
    await keepVerdict(db, move, { state: 'done' }, report_envelope)
  }
  const there = moves.map(({ device }) => device)
  await assign(db, there, rollout)
  return new Set(there)
}
