import {
  type DeviceId,
  type Finding,
  type Move,
  nobody,
  type Phase,
  type PlacedMove,
  type Rollout,
  type RolloutState,
  type Tally,
} from '@steadfleet/domain'
import { awaited } from '@steadfleet/rollout'
import type { Selectable } from 'kysely'
import { unknown } from '../error.ts'
import type { Db, MoveTable, RolloutTable } from './schema.ts'

export type RolloutRow = Selectable<RolloutTable>
export type MoveRow = Selectable<MoveTable>

/** States in which a rollout has begun and still has a way to go. */
export const underWay: readonly RolloutState[] = ['running', 'paused', 'halted']

/** States in which a rollout still has a way to go. */
const unfinished: readonly RolloutState[] = ['draft', 'scheduled', ...underWay]

export async function rolloutWithId(db: Db, id: number): Promise<Rollout> {
  return toRollout(db, await rolloutRow(db, id))
}

export async function rolloutRow(db: Db, id: number): Promise<RolloutRow> {
  const row = await db.selectFrom('rollout').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw unknown('rollout/unknown', `rollout ${id}`, { rollout: id })
  return row
}

/** The newest rollouts, of these fleets or of all, newest first. */
export async function newestRollouts(
  db: Db,
  limit: number,
  fleets?: readonly string[],
): Promise<Rollout[]> {
  const rows = await db
    .selectFrom('rollout')
    .selectAll()
    .$if(fleets !== undefined, q => q.where('fleet', 'in', [...(fleets ?? [])]))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return Promise.all(rows.map(row => toRollout(db, row)))
}

/** Whether a rollout moves devices to a release or to settings. */
export type RolloutKind = 'release' | 'settings'

export function kindOf({ settings }: Pick<RolloutRow, 'settings'>): RolloutKind {
  return settings === null ? 'release' : 'settings'
}

/** Rollouts of a package in a fleet that have not ended, oldest first. */
export function unfinishedRollouts(
  db: Db,
  fleet: string,
  name: string,
  kind: RolloutKind = 'release',
): Promise<RolloutRow[]> {
  return db
    .selectFrom('rollout')
    .selectAll()
    .where('fleet', '=', fleet)
    .where('package', '=', name)
    .where('state', 'in', unfinished)
    .where('settings', kind === 'release' ? 'is' : 'is not', null)
    .orderBy('id')
    .execute()
}

export function runningRollouts(db: Db): Promise<RolloutRow[]> {
  return db.selectFrom('rollout').selectAll().where('state', '=', 'running').execute()
}

/** The revision that the last finished rollout brought to a fleet: what a new device begins with. */
export async function settledRevision(
  db: Db,
  fleet: string,
  name: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('rollout')
    .select('revision')
    .where('fleet', '=', fleet)
    .where('package', '=', name)
    .where('state', '=', 'done')
    .where('settings', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.revision
}

/** How many devices are in each state, phase by phase. */
export async function talliesOf(db: Db, { id, phases }: RolloutRow): Promise<Tally[]> {
  const rows = await db
    .selectFrom('rollout_tally')
    .select(['phase', 'state', 'count'])
    .where('rollout', '=', id)
    .execute()
  const tallies = (JSON.parse(phases) as Phase[]).map(() => ({ ...nobody }))
  for (const { phase, state, count } of rows) {
    const tally = tallies[phase]
    if (tally) tally[state as keyof Tally] = count
  }
  return tallies
}

export interface MovePage {
  readonly phase?: number | undefined
  readonly state?: string | undefined
  /** The place of the last one of the page before. */
  readonly after?: number | undefined
  readonly limit: number
}

/** Moves of a rollout in its order, as many as are asked for. */
export async function movesOf(db: Db, rollout: number, page: MovePage): Promise<PlacedMove[]> {
  const rows = await db
    .selectFrom('move')
    .selectAll()
    .where('rollout', '=', rollout)
    .where('position', '>', page.after ?? -1)
    .$if(page.phase !== undefined, q => q.where('phase', '=', page.phase ?? 0))
    .$if(page.state !== undefined, q => q.where('state', '=', page.state ?? ''))
    .orderBy('position')
    .limit(page.limit)
    .execute()
  return rows.map(row => ({ ...toMove(row), position: row.position }))
}

/**
 * Moves of which a device may still have something to say: that it made them, or that it went back. Of a rollout
 * that is over only who was not heard of is listened to.
 */
export function openMoves(
  db: Db,
  device: string,
): Promise<(MoveRow & Pick<RolloutRow, 'package' | 'revision' | 'settings'>)[]> {
  return db
    .selectFrom('move')
    .innerJoin('rollout', 'rollout.id', 'move.rollout')
    .selectAll('move')
    .select(['rollout.package', 'rollout.revision', 'rollout.settings'])
    .where('move.device', '=', device)
    .where(eb =>
      eb.or([
        eb('move.state', 'in', [...awaited, 'recalled']),
        eb.and([eb('move.state', '=', 'done'), eb('rollout.state', 'in', underWay)]),
      ]),
    )
    .where('rollout.state', '!=', 'cancelled')
    .execute()
}

export function toMove({ device, phase, state, crashed }: MoveRow): Move {
  const move = { device: device as DeviceId, phase, state: state as Move['state'] }
  return crashed ? { ...move, crashed: true } : move
}

async function toRollout(db: Db, row: RolloutRow): Promise<Rollout> {
  const { id, revision, why } = row
  return {
    id,
    fleet: row.fleet as Rollout['fleet'],
    package: row.package as Rollout['package'],
    revision,
    channel: row.channel as Rollout['channel'],
    state: row.state as RolloutState,
    phases: JSON.parse(row.phases) as Phase[],
    tallies: await talliesOf(db, row),
    findings: JSON.parse(row.findings) as Finding[],
    why,
    createdAt: row.created_at,
    by: row.by,
    ...(row.approved_by !== null && { approvedBy: row.approved_by }),
    ...(row.starts_at !== null && { startsAt: row.starts_at }),
    ...(row.settings !== null && { settings: row.settings }),
    ...(row.restores_data === 1 && { restoresData: true as const }),
    ...(row.state === 'running' && row.wakes_at !== null && { soaksUntil: row.wakes_at }),
    waitsFor: JSON.parse(row.waits_for),
  }
}
