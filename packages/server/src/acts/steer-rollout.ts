import { nextState } from '@steadfleet/base'
import { type RolloutEvent, type RolloutState, rolloutTable, sumTallies } from '@steadfleet/domain'
import { seenOf } from '@steadfleet/rollout'
import { ServerError } from '../error.ts'
import { type RolloutRow, rolloutRow, talliesOf } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { goOn, recall, releaseHeld } from './advance.ts'
import { shiftMoves } from './keep-move.ts'
import { begin, schedule } from './rollout.ts'
import { withdraw } from './settle.ts'
import { tellRollout } from './tell-rollout.ts'

/** What a person may do to a rollout. */
export type Steer = 'approve' | 'start' | 'pause' | 'resume' | 'cancel'

export interface Steering {
  readonly rollout: number
  readonly event: Steer
  readonly by: string
  readonly now: string
}

type Deed = (db: Db, row: RolloutRow, steering: Steering) => Promise<void>

const deeds: Readonly<Record<Steer, Deed>> = { approve, start, pause, resume, cancel }

/** Does to a rollout what a person wants, where its state allows that. */
export async function steerRollout(db: Db, steering: Steering): Promise<void> {
  await deeds[steering.event](db, await rolloutRow(db, steering.rollout), steering)
}

/** A second person agrees: what was made by the first starts, now or at its time. */
async function approve(db: Db, row: RolloutRow, { by, now }: Steering): Promise<void> {
  const isLater = row.starts_at !== null && row.starts_at > now
  stateAfter(row, isLater ? 'schedule' : 'start', 'approve')
  if (row.state !== 'draft') throw wrongState(row, 'approve')
  if (by === row.by) {
    const message = `cannot approve rollout ${row.id}: ${by} had it begin, and somebody else is to agree`
    throw new ServerError('rollout/not-a-second-person', message, { rollout: row.id })
  }
  await db.updateTable('rollout').set({ approved_by: by }).where('id', '=', row.id).execute()
  if (isLater) await schedule(db, row.id)
  else await begin(db, row.id, now)
}

/** What is scheduled starts before its time. */
async function start(db: Db, row: RolloutRow, { now }: Steering): Promise<void> {
  // A draft starts by being approved.
  if (row.state === 'draft') throw wrongState(row, 'start')
  stateAfter(row, 'start')
  await begin(db, row.id, now)
}

async function pause(db: Db, row: RolloutRow, steering: Steering): Promise<void> {
  await enter(db, row, stateAfter(row, 'pause'), `paused by ${steering.by}`)
  await goOn(db, row.id, steering.now)
}

/**
 * To resume is to accept the failures there have been. Who was recalled waits for its turn again, and so does who
 * fell silent: its order was taken back with the others.
 */
async function resume(db: Db, row: RolloutRow, steering: Steering): Promise<void> {
  const next = stateAfter(row, 'resume')
  await shiftMoves(db, row.id, ['recalled', 'silent'], 'waiting')
  await releaseHeld(db, row.id)
  const accepted = JSON.stringify(seenOf(sumTallies(await talliesOf(db, row))))
  await db.updateTable('rollout').set({ accepted }).where('id', '=', row.id).execute()
  await enter(db, row, next, `resumed by ${steering.by}`)
  await goOn(db, row.id, steering.now)
}

async function cancel(db: Db, row: RolloutRow, steering: Steering): Promise<void> {
  const next = stateAfter(row, 'cancel')
  await recall(db, row)
  await withdraw(db, row)
  await enter(db, row, next, `cancelled by ${steering.by}`)
}

export interface Trip {
  readonly rollout: number
  readonly why: string
}

/** Halts rollouts for a reason that lies outside of them; one that does not run stays as it is. */
export async function tripRollouts(
  db: Db,
  { trips, now }: { readonly trips: readonly Trip[]; readonly now: string },
): Promise<void> {
  for (const { rollout, why } of trips) {
    const row = await rolloutRow(db, rollout)
    const next = nextState(rolloutTable, row.state as RolloutState, 'trip')
    if (!next) continue
    await recall(db, row)
    await enter(db, row, next, why)
    await tellRollout(db, 'rollout.halted', row, { why, now })
  }
}

/** Looks at rollouts whose time has come: they begin, or a phase has soaked. Answers how many there were. */
export async function wakeRollouts(db: Db, { now }: { readonly now: string }): Promise<number> {
  const woken = await db
    .selectFrom('rollout')
    .select(['id', 'state'])
    .where('wakes_at', '<=', now)
    .orderBy('id')
    .execute()
  for (const { id, state } of woken) {
    if (state === 'scheduled') await begin(db, id, now)
    else await goOn(db, id, now)
  }
  return woken.length
}

async function enter(db: Db, row: RolloutRow, state: RolloutState, why: string): Promise<void> {
  const entered = { state, why, wakes_at: null, waits_for: '[]' }
  await db.updateTable('rollout').set(entered).where('id', '=', row.id).execute()
}

function stateAfter(row: RolloutRow, event: RolloutEvent, said: string = event): RolloutState {
  const next = nextState(rolloutTable, row.state as RolloutState, event)
  if (next) return next
  throw wrongState(row, said)
}

function wrongState({ id, state }: RolloutRow, event: string): ServerError {
  const message = `cannot ${event} rollout ${id}: it is ${state}`
  return new ServerError('rollout/wrong-state', message, { rollout: id, state })
}
