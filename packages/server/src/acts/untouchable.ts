import type { DeviceId, MoveState } from '@steadfleet/domain'
import type { Standing } from '@steadfleet/rollout'
import type { MoveRow, RolloutRow } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { keepVerdict } from './keep-move.ts'

/** Whom of these no rollout of a package may move: held, pinned to another revision, decommissioned. */
export async function untouchable(
  db: Db,
  { package: name, revision, settings }: Pick<RolloutRow, 'package' | 'revision' | 'settings'>,
  devices: readonly string[],
): Promise<Set<string>> {
  if (devices.length === 0) return new Set()
  const rows = await db
    .selectFrom('device')
    .leftJoin('device_pin', join =>
      join.onRef('device_pin.device', '=', 'device.id').on('device_pin.package', '=', name),
    )
    .select('device.id')
    .where('device.id', 'in', devices)
    .where(eb => {
      const isGone = eb('gone_at', 'is not', null)
      // Who holds or pins a device speaks of releases.
      if (settings !== null) return isGone
      return eb.or([
        isGone,
        eb('held_at', 'is not', null),
        eb('device_pin.revision', '!=', revision),
      ])
    })
    .execute()
  return new Set(rows.map(({ id }) => id))
}

/** The devices of a turn that a rollout passes over, and the rest. */
export async function passOverInTurn(
  db: Db,
  rollout: Pick<RolloutRow, 'id' | 'package' | 'revision' | 'settings'>,
  devices: readonly DeviceId[],
): Promise<Set<string>> {
  const barred = await untouchable(db, rollout, devices)
  if (barred.size === 0) return barred
  const moves = await db
    .selectFrom('move')
    .selectAll()
    .where('rollout', '=', rollout.id)
    .where('device', 'in', [...barred])
    .execute()
  for (const move of moves) await enterMove(db, move, 'passed over')
  return barred
}

/** Another state of a move by no report of its device. */
export async function enterMove(db: Db, move: MoveRow, state: MoveState): Promise<void> {
  const next: Standing = move.crashed === 1 ? { state, crashed: true } : { state }
  await keepVerdict(db, move, next, null)
}
