import type { DeviceId, MoveState } from '@steadfleet/domain'
import type { Standing } from '@steadfleet/rollout'
import { sql } from 'kysely'
import type { MoveRow, RolloutRow } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { assign, unassign } from './due.ts'
import { moveSettings, takeSettingsBack } from './settle.ts'

/** A statement names no more values than this. */
const mostValues = 500

/** Keeps what was decided of one device, with the report that says so, and counts it. */
export async function keepVerdict(
  db: Db,
  move: MoveRow,
  next: Standing,
  evidence: string | null,
): Promise<void> {
  const crashed = Number(next.crashed ?? 0)
  await db
    .updateTable('move')
    .set({ state: next.state, crashed, evidence: evidence ?? move.evidence })
    .where('rollout', '=', move.rollout)
    .where('device', '=', move.device)
    .execute()
  await count(db, move, move.state, -1)
  await count(db, move, next.state, 1)
  await count(db, move, 'crashed', crashed - move.crashed)
}

/** Orders devices that were waiting: their next order names the revision. */
export async function orderMoves(
  db: Db,
  rollout: RolloutRow,
  phase: number,
  state: 'ordered' | 'away',
  devices: readonly DeviceId[],
): Promise<void> {
  const above_counter = sql<number>`(select ordered_counter from device where id = move.device)`
  for (let i = 0; i < devices.length; i += mostValues) {
    const some = devices.slice(i, i + mostValues)
    await db
      .updateTable('move')
      .set({ state, above_counter })
      .where('rollout', '=', rollout.id)
      .where('device', 'in', some)
      .execute()
    if (rollout.settings === null) await assign(db, some, rollout)
    else await moveSettings(db, some, { package: rollout.package, version: rollout.settings })
  }
  await count(db, { rollout: rollout.id, phase }, 'waiting', -devices.length)
  await count(db, { rollout: rollout.id, phase }, state, devices.length)
}

/** All moves of some states enter another, as one. */
export async function shiftMoves(
  db: Db,
  rollout: number,
  from: readonly MoveState[],
  to: MoveState,
): Promise<void> {
  const shifted = await db
    .selectFrom('rollout_tally')
    .select(['phase', 'state', 'count'])
    .where('rollout', '=', rollout)
    .where('state', 'in', from)
    .execute()
  await db
    .updateTable('move')
    .set({ state: to, held: 0 })
    .where('rollout', '=', rollout)
    .where('state', 'in', from)
    .execute()
  for (const { phase, state, count: moved } of shifted) {
    await count(db, { rollout, phase }, state, -moved)
    await count(db, { rollout, phase }, to, moved)
  }
}

/** Adds to a rollout's tally. */
export async function count(
  db: Db,
  { rollout, phase }: Pick<MoveRow, 'rollout' | 'phase'>,
  state: string,
  by: number,
): Promise<void> {
  if (by === 0) return
  await db
    .insertInto('rollout_tally')
    .values({ rollout, phase, state, count: by })
    .onConflict(conflict =>
      conflict
        .columns(['rollout', 'phase', 'state'])
        .doUpdateSet(eb => ({ count: eb('rollout_tally.count', '+', by) })),
    )
    .execute()
}

/** A device's order agrees again with what it went back to, unless it was given another meanwhile. */
export async function takeBack(db: Db, rollout: RolloutRow, move: MoveRow): Promise<void> {
  if (rollout.settings !== null) {
    return takeSettingsBack(db, rollout, move.device, move.from_revision ?? 0)
  }
  const held = await db
    .selectFrom('device_package')
    .select('revision')
    .where('device', '=', move.device)
    .where('package', '=', rollout.package)
    .executeTakeFirst()
  if (held?.revision !== rollout.revision || move.from_revision === rollout.revision) return
  const { from_revision: revision } = move
  if (revision === null) await unassign(db, [move.device], rollout.package)
  else await assign(db, [move.device], { package: rollout.package, revision })
}
