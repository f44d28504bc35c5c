import { nextState } from '@steadfleet/base'
import {
  type DeviceId,
  type Phase,
  type RolloutState,
  rolloutTable,
  usualPhases,
} from '@steadfleet/domain'
import {
  lateMove,
  nextMoves,
  nothingSeen,
  planMoves,
  type Seen,
  seenOf,
  usualRule,
  type Verdict,
  whoseTurn,
} from '@steadfleet/rollout'
import { ServerError } from '../error.ts'
import { releasesAt } from '../store/release-store.ts'
import {
  type MoveRow,
  movesOf,
  type RolloutRow,
  rolloutRow,
  toMove,
  unfinished,
  unfinishedRollouts,
} from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { assign, unassign } from './due.ts'
import { type Held, heldBack, nobodyHeld } from './held.ts'
import { controlOf } from './rollout-control.ts'

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
  for (const [position, { device, phase, state }] of planMoves(phases, devices).entries()) {
    const from_revision = from.get(device) ?? null
    await db
      .insertInto('move')
      .values({ rollout: id, device, phase, state, position, from_revision })
      .execute()
  }
  await advance(db, id, new Map(), null)
  return id
}

/** Takes verdicts into account, and orders whom the rollout moves next. */
export async function advance(
  db: Db,
  id: number,
  verdicts: ReadonlyMap<DeviceId, Verdict>,
  evidence: string | null,
): Promise<void> {
  const rollout = await rolloutRow(db, id)
  const rows = await movesOf(db, id)
  const moves = rows.map(toMove)
  const phases: Phase[] = JSON.parse(rollout.phases)
  const held = await heldBack(db, rollout, whoseTurn({ phases, moves }, verdicts))
  const next = nextMoves(
    {
      held: held.devices,
      state: rollout.state as RolloutState,
      phases,
      moves,
      accepted: acceptedIn(rollout),
      away: new Set(
        rows.filter(({ silent_since }) => silent_since).map(({ device }) => device as DeviceId),
      ),
      control: await controlOf(db, rollout, seenOf(moves)),
      rule: usualRule,
    },
    verdicts,
  )
  for (const [i, { state, crashed }] of next.moves.entries()) {
    const row = rows[i]
    if (!row || (row.state === state && row.crashed === Number(crashed ?? 0))) continue
    await keepMove(db, rollout, { ...row, state, crashed: Number(crashed ?? 0) }, evidence)
  }
  await keepWaiting(db, rollout, next.state === 'running' ? held : nobodyHeld)
  const findings = JSON.stringify(next.findings)
  const change = next.state === rollout.state ? {} : { state: next.state, why: next.why }
  await db
    .updateTable('rollout')
    .set({ findings, ...change })
    .where('id', '=', id)
    .execute()
}

function acceptedIn({ accepted }: RolloutRow): Seen {
  return { ...nothingSeen, ...JSON.parse(accepted) }
}

/** Looks again at every rollout that waits for a grant: somebody has said something. */
export async function advanceWaiting(db: Db): Promise<void> {
  const waiting = await db
    .selectFrom('rollout')
    .select('id')
    .where('state', 'in', unfinished)
    .where('waits_for', '<>', '[]')
    .execute()
  for (const { id } of waiting) await advance(db, id, new Map(), null)
}

async function keepWaiting(db: Db, rollout: RolloutRow, { requests }: Held): Promise<void> {
  const waits_for = JSON.stringify(requests)
  if (waits_for === rollout.waits_for) return
  await db.updateTable('rollout').set({ waits_for }).where('id', '=', rollout.id).execute()
}

export interface Steering {
  readonly rollout: number
  readonly event: 'pause' | 'resume' | 'cancel'
  readonly by: string
}

const pastTense = { pause: 'paused', resume: 'resumed', cancel: 'cancelled' } as const

/** What a person does to a rollout; to resume is to accept the failures there have been. */
export async function steerRollout(db: Db, { rollout, event, by }: Steering): Promise<void> {
  const { state } = await rolloutRow(db, rollout)
  const next = nextState(rolloutTable, state as RolloutState, event)
  if (!next) {
    const message = `cannot ${event} rollout ${rollout}: it is ${state}`
    throw new ServerError('rollout/wrong-state', message, { rollout, state })
  }
  const accepted = JSON.stringify(seenOf((await movesOf(db, rollout)).map(toMove)))
  await db
    .updateTable('rollout')
    .set({ state: next, why: `${pastTense[event]} by ${by}` })
    .$if(event === 'resume', q => q.set({ accepted }))
    .where('id', '=', rollout)
    .execute()
  await advance(db, rollout, new Map(), null)
}

export interface Trip {
  readonly rollout: number
  readonly why: string
}

/** Halts rollouts for a reason that lies outside of them; one that does not run stays as it is. */
export async function tripRollouts(db: Db, { trips }: { trips: readonly Trip[] }): Promise<void> {
  for (const { rollout, why } of trips) {
    const next = nextState(
      rolloutTable,
      (await rolloutRow(db, rollout)).state as RolloutState,
      'trip',
    )
    if (!next) continue
    await db.updateTable('rollout').set({ state: next, why }).where('id', '=', rollout).execute()
  }
}

/** Lets a device that joined late take part in what is under way. */
export async function joinRollout(
  db: Db,
  rollout: RolloutRow,
  device: DeviceId,
  from: number | null,
): Promise<void> {
  const rows = await movesOf(db, rollout.id)
  const position = (rows.at(-1)?.position ?? -1) + 1
  const { phase, state } = lateMove(JSON.parse(rollout.phases), device)
  await db
    .insertInto('move')
    .values({ rollout: rollout.id, device, phase, state, position, from_revision: from })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  await advance(db, rollout.id, new Map(), null)
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

async function keepMove(
  db: Db,
  rollout: RolloutRow,
  move: MoveRow,
  evidence: string | null,
): Promise<void> {
  const { ordered_counter } = await db
    .selectFrom('device')
    .select('ordered_counter')
    .where('id', '=', move.device)
    .executeTakeFirstOrThrow()
  const isOrder = move.state === 'ordered' || move.state === 'away'
  await db
    .updateTable('move')
    .set({
      state: move.state,
      crashed: move.crashed,
      ...(isOrder ? { above_counter: ordered_counter } : { evidence: evidence ?? move.evidence }),
    })
    .where('rollout', '=', rollout.id)
    .where('device', '=', move.device)
    .execute()
  if (isOrder) {
    await assign(db, move.device, rollout.package, rollout.revision)
  } else if (move.state === 'failed' || move.state === 'rolled back')
    await takeBack(db, rollout, move)
}

/** The order agrees again with what the device went back to, unless it was given another meanwhile. */
async function takeBack(db: Db, rollout: RolloutRow, move: MoveRow): Promise<void> {
  const held = await db
    .selectFrom('device_package')
    .select('revision')
    .where('device', '=', move.device)
    .where('package', '=', rollout.package)
    .executeTakeFirst()
  if (held?.revision !== rollout.revision || move.from_revision === rollout.revision) return
  if (move.from_revision === null) await unassign(db, move.device, rollout.package)
  else await assign(db, move.device, rollout.package, move.from_revision)
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
    const underWay = (await movesOf(db, id)).filter(({ state }) => state === 'ordered')
    for (const { device, from_revision } of underWay) before.set(device, from_revision)
  }
  return before
}
