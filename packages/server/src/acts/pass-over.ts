import type { DeviceId, MoveState } from '@steadfleet/domain'
import { type MoveRow, type RolloutRow, rolloutRow, underWay } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { goOn } from './advance.ts'
import { orderMoves } from './keep-move.ts'
import { enterMove, untouchable } from './untouchable.ts'

/** Nobody waits for these moves any more; whoever waited for the rollout goes on without them. */
export async function passOver(
  db: Db,
  devices: readonly string[],
  { from, to, ...which }: Passing,
  now: string,
): Promise<void> {
  const passed = await movesOf(db, devices, from, which)
  for (const move of passed) await enterMove(db, move, to)
  for (const rollout of new Set(passed.map(move => move.rollout))) await goOn(db, rollout, now)
}

interface Passing {
  readonly from: readonly MoveState[]
  readonly to: MoveState
  readonly isOfReleases?: boolean
  /** Only those to another revision of this package; absent: of every package. */
  readonly pin?: { readonly package: string; readonly revision: number }
}

/**
 * Devices that were passed over and may be moved again: where the rollout is under way they wait for their turn,
 * where it is the last one that is done they are ordered what it brought to the others.
 */
export async function catchUp(db: Db, devices: readonly string[], now: string): Promise<void> {
  const passed = await movesOf(db, devices, ['passed over'])
  for (const [id, moves] of Map.groupBy(passed, move => move.rollout)) {
    const rollout = await rolloutRow(db, id)
    const ids = moves.map(({ device }) => device)
    const barred = await untouchable(db, rollout, ids)
    const free = moves.filter(({ device }) => !barred.has(device))
    const isOver = rollout.state === 'done'
    if (isOver && !(await isLast(db, rollout))) continue
    for (const move of free) await enterMove(db, move, 'waiting')
    if (isOver) await orderAll(db, rollout, free)
    else await goOn(db, id, now)
  }
}

async function orderAll(db: Db, rollout: RolloutRow, moves: readonly MoveRow[]): Promise<void> {
  for (const [phase, some] of Map.groupBy(moves, move => move.phase)) {
    const devices = some.map(({ device }) => device as DeviceId)
    await orderMoves(db, rollout, phase, 'ordered', devices)
  }
}

async function isLast(
  db: Db,
  { id, fleet, package: name, settings }: RolloutRow,
): Promise<boolean> {
  const later = await db
    .selectFrom('rollout')
    .select('id')
    .where('fleet', '=', fleet)
    .where('package', '=', name)
    .where('settings', settings === null ? 'is' : 'is not', null)
    .where('id', '>', id)
    .where('state', 'in', ['done', ...underWay])
    .executeTakeFirst()
  return later === undefined
}

async function movesOf(
  db: Db,
  devices: readonly string[],
  states: readonly MoveState[],
  { isOfReleases = false, pin }: Pick<Passing, 'isOfReleases' | 'pin'> = {},
): Promise<MoveRow[]> {
  const found: MoveRow[] = []
  for (let i = 0; i < devices.length; i += 500) {
    const some = await db
      .selectFrom('move')
      .innerJoin('rollout', 'rollout.id', 'move.rollout')
      .selectAll('move')
      .where('move.device', 'in', devices.slice(i, i + 500))
      .where('move.state', 'in', states)
      .where('rollout.state', 'in', ['done', ...underWay])
      .$if(isOfReleases, q => q.where('rollout.settings', 'is', null))
      .$if(pin !== undefined, q =>
        q
          .where('rollout.package', '=', pin?.package ?? '')
          .where('rollout.revision', '!=', pin?.revision ?? 0),
      )
      .execute()
    found.push(...some)
  }
  return found
}
