import { nextState } from '@steadfleet/base'
import {
  type DeviceId,
  type Move,
  type Phase,
  type RolloutState,
  rolloutTable,
  sumTallies,
  usualPhases,
} from '@steadfleet/domain'
import { lateMove, planMoves, seenOf } from '@steadfleet/rollout'
import { ServerError } from '../error.ts'
import { releasesAt } from '../store/release-store.ts'
import {
  type RolloutRow,
  rolloutRow,
  talliesOf,
  unfinishedRollouts,
} from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { goOn, recall, releaseHeld } from './advance.ts'
import { count, shiftMoves } from './keep-move.ts'

export interface NewRollout {
  readonly fleet: string
  readonly package: string
  readonly revision: number
  readonly channel: string
  /** Absent: {@link usualPhases} for a fleet of its size. */
  readonly phases?: readonly Phase[] | undefined
  readonly now: string
}

/** Starts a rollout in a fleet, in place of any of the same package that has not ended. */
export async function startRollout(db: Db, rollout: NewRollout): Promise<number> {
  const devices = await candidates(db, rollout)
  const phases = rollout.phases ?? usualPhases(devices.length)
  const from = await revisionsBefore(db, rollout)
  await supersede(db, rollout)
  const { fleet, revision, channel, now } = rollout
  const { id } = await db
    .insertInto('rollout')
    .values({
      fleet,
      package: rollout.package,
      revision,
      channel,
      state: 'running',
      phases: JSON.stringify(phases),
      why: '',
      created_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await planned(db, id, planMoves(phases, devices), from)
  await goOn(db, id, now)
  return id
}

async function planned(
  db: Db,
  rollout: number,
  moves: readonly Move[],
  from: ReadonlyMap<string, number | null>,
): Promise<void> {
  const rows = moves.map(({ device, phase, state }, position) => {
    const from_revision = from.get(device) ?? null
    return { rollout, device, phase, state, position, from_revision }
  })
  for (let i = 0; i < rows.length; i += 500) {
    await db
      .insertInto('move')
      .values(rows.slice(i, i + 500))
      .execute()
  }
  for (const [phase, of] of Map.groupBy(moves, move => move.phase)) {
    await count(db, { rollout, phase }, 'waiting', of.length)
  }
}

export interface Steering {
  readonly rollout: number
  readonly event: 'pause' | 'resume' | 'cancel'
  readonly by: string
  readonly now: string
}

const pastTense = { pause: 'paused', resume: 'resumed', cancel: 'cancelled' } as const

/** What a person does to a rollout; to resume is to accept the failures there have been. */
export async function steerRollout(db: Db, steering: Steering): Promise<void> {
  const { rollout, event, by, now } = steering
  const row = await rolloutRow(db, rollout)
  const next = stateAfter(row, event)
  if (event === 'resume') await acceptSeen(db, row)
  if (event === 'cancel') await recall(db, row)
  const why = `${pastTense[event]} by ${by}`
  await db.updateTable('rollout').set({ state: next, why }).where('id', '=', rollout).execute()
  await goOn(db, rollout, now)
}

function stateAfter({ id, state }: RolloutRow, event: Steering['event']): RolloutState {
  const next = nextState(rolloutTable, state as RolloutState, event)
  if (next) return next
  const message = `cannot ${event} rollout ${id}: it is ${state}`
  throw new ServerError('rollout/wrong-state', message, { rollout: id, state })
}

/** Who was recalled waits for its turn again; what had gone wrong is held against nobody. */
async function acceptSeen(db: Db, rollout: RolloutRow): Promise<void> {
  await shiftMoves(db, rollout.id, ['recalled'], 'waiting')
  await releaseHeld(db, rollout.id)
  const accepted = JSON.stringify(seenOf(sumTallies(await talliesOf(db, rollout))))
  await db.updateTable('rollout').set({ accepted }).where('id', '=', rollout.id).execute()
}

export interface Trip {
  readonly rollout: number
  readonly why: string
}

/** Halts rollouts for a reason that lies outside of them; one that does not run stays as it is. */
export async function tripRollouts(db: Db, { trips }: { trips: readonly Trip[] }): Promise<void> {
  for (const { rollout, why } of trips) {
    const row = await rolloutRow(db, rollout)
    const next = nextState(rolloutTable, row.state as RolloutState, 'trip')
    if (!next) continue
    await recall(db, row)
    await db.updateTable('rollout').set({ state: next, why }).where('id', '=', rollout).execute()
  }
}

export interface Late {
  readonly device: DeviceId
  /** What it runs now; null where it has none of the package. */
  readonly from: number | null
  readonly now: string
}

/** Lets a device that joined late take part in what is under way. */
export async function joinRollout(db: Db, rollout: RolloutRow, late: Late): Promise<void> {
  const { device, from, now } = late
  const { last } = await db
    .selectFrom('move')
    .select(({ fn }) => fn.max('position').as('last'))
    .where('rollout', '=', rollout.id)
    .executeTakeFirstOrThrow()
  const { phase, state } = lateMove(JSON.parse(rollout.phases), device)
  const place = { rollout: rollout.id, device, phase, state, position: (last ?? -1) + 1 }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('move')
    .values({ ...place, from_revision: from })
    .onConflict(conflict => conflict.doNothing())
    .executeTakeFirstOrThrow()
  await count(db, place, state, Number(numInsertedOrUpdatedRows))
  await goOn(db, rollout.id, now)
}

/** Ends what is under way for a package; devices keep what they were ordered. */
export async function supersede(
  db: Db,
  { fleet, package: name, revision }: { fleet: string; package: string; revision?: number },
): Promise<void> {
  for (const { id } of await unfinishedRollouts(db, fleet, name)) {
    const why = revision === undefined ? 'package removed' : `superseded by revision ${revision}`
    await db.updateTable('rollout').set({ state: 'cancelled', why }).where('id', '=', id).execute()
  }
}

/** Devices of the fleet for whose architecture the revision was published. */
async function candidates(
  db: Db,
  { fleet, package: name, revision }: NewRollout,
): Promise<DeviceId[]> {
  const releases = await releasesAt(db, name, revision)
  const rows = await db
    .selectFrom('device')
    .select('id')
    .where('fleet', '=', fleet)
    .where(
      'architecture',
      'in',
      releases.map(({ record }) => record.architecture),
    )
    .orderBy('number')
    .execute()
  return rows.map(({ id }) => id as DeviceId)
}

/** What each device would return to: where it is on its way already, what it came from. */
async function revisionsBefore(
  db: Db,
  { fleet, package: name }: NewRollout,
): Promise<Map<string, number | null>> {
  const rows = await db
    .selectFrom('device_package')
    .innerJoin('device', 'device.id', 'device_package.device')
    .select(['device_package.device', 'device_package.revision'])
    .where('device.fleet', '=', fleet)
    .where('device_package.package', '=', name)
    .execute()
  const before = new Map<string, number | null>(rows.map(row => [row.device, row.revision]))
  for (const { id } of await unfinishedRollouts(db, fleet, name)) {
    const underWay = await db
      .selectFrom('move')
      .select(['device', 'from_revision'])
      .where('rollout', '=', id)
      .where('state', 'in', ['ordered', 'away', 'silent'])
      .execute()
    for (const { device, from_revision } of underWay) before.set(device, from_revision)
  }
  return before
}
