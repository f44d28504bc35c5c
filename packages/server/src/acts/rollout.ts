import {
  type DeviceId,
  largeFleet,
  type Move,
  type Phase,
  rulesFor,
  usualPhases,
} from '@steadfleet/domain'
import { inTurns, lateMove, planMoves } from '@steadfleet/rollout'
import { fleetNamed, rolloutPolicyOf } from '../store/fleet-store.ts'
import { releasesAt } from '../store/release-store.ts'
import {
  kindOf,
  type RolloutKind,
  type RolloutRow,
  rolloutRow,
  unfinishedRollouts,
} from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { goOn } from './advance.ts'
import { whomToMove } from './declared-settings.ts'
import { count } from './keep-move.ts'
import { membersOf, refuseUnasked } from './phase-members.ts'
import { tellRollout } from './tell-rollout.ts'

export interface NewRollout {
  readonly fleet: string
  readonly package: string
  readonly revision: number
  readonly channel: string
  /** Absent: those of the fleet's policy, or {@link usualPhases} for a fleet of its size. */
  readonly phases?: readonly Phase[] | undefined
  /** Devices that go back by it take up their data of then. */
  readonly restoresData?: boolean | undefined
  /** The change of settings that it moves devices to, whatever they run. */
  readonly settings?: number | undefined
  /** Not before this. */
  readonly startsAt?: string | undefined
  readonly by: string
  readonly now: string
}

/**
 * Makes a rollout as the fleet's policy wants it. It begins at once, unless a second person is to agree, or
 * it has a time to start.
 */
export async function startRollout(db: Db, rollout: NewRollout): Promise<number> {
  const { fleet, revision, channel, by, now, startsAt = null } = rollout
  const { settings = null } = rollout
  const devices = await candidates(db, { ...rollout, settings })
  const rules = rulesFor(
    rolloutPolicyOf(await fleetNamed(db, fleet)),
    channel,
    settings === null && (await mendsFlaw(db, rollout)),
  )
  const phases = rollout.phases ?? rules.phases ?? usualPhases(devices.length)
  await refuseUnasked(db, fleet, phases)
  const isLater = startsAt !== null && startsAt > now
  const { id } = await db
    .insertInto('rollout')
    .values({
      ...{ fleet, package: rollout.package, revision, channel, by, settings },
      ...{ phases: JSON.stringify(phases), rule: JSON.stringify(rules.halting ?? {}) },
      ...{ state: 'draft', created_at: now, starts_at: startsAt },
      restores_data: Number(rollout.restoresData ?? false),
      turns: Number(rules.order ? rules.order === 'turns' : devices.length >= largeFleet),
      why: rules.approval ? 'waits for a second person' : '',
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  if (rules.approval) {
    const why = `${by} had it begin, and somebody else is to agree`
    await tellRollout(db, 'rollout.wants-approval', { ...rollout, id }, { why, now })
    return id
  }
  if (isLater) await schedule(db, id)
  else await begin(db, id, now)
  return id
}

/** Whether the release mends a flaw that somebody of the fleet has. */
async function mendsFlaw(db: Db, rollout: NewRollout): Promise<boolean> {
  const releases = await releasesAt(db, rollout.package, rollout.revision)
  const mended = Math.max(
    ...releases.map(({ record }) => record.behaviour['security-revision'] ?? 0),
  )
  if (mended <= 0) return false
  const { flawed } = await db
    .selectFrom('device_package')
    .innerJoin('device', 'device.id', 'device_package.device')
    .select(({ fn }) => fn.countAll<number>().as('flawed'))
    .where('fleet', '=', rollout.fleet)
    .where('package', '=', rollout.package)
    .where('revision', '<', mended)
    .where('gone_at', 'is', null)
    .executeTakeFirstOrThrow()
  return flawed > 0
}

/** Lets a rollout wait for its time. */
export async function schedule(db: Db, id: number): Promise<void> {
  await db
    .updateTable('rollout')
    .set(eb => ({ state: 'scheduled', why: '', wakes_at: eb.ref('starts_at') }))
    .where('id', '=', id)
    .execute()
}

/** Begins a rollout with the devices there are now, in place of earlier ones of its package. */
export async function begin(db: Db, id: number, now: string): Promise<void> {
  const row = await rolloutRow(db, id)
  const phases: Phase[] = JSON.parse(row.phases)
  const joined = await candidates(db, { ...row, now })
  const devices = row.turns === 1 ? inTurns(joined, id) : joined
  const moves = planMoves(phases, devices, await membersOf(db, { ...row, now }, phases))
  const from = await revisionsBefore(db, { ...row, now })
  await supersede(db, { ...row, before: id, kind: kindOf(row) })
  const started = { state: 'running', why: '', wakes_at: null }
  await db.updateTable('rollout').set(started).where('id', '=', id).execute()
  await planned(db, id, moves, from)
  await goOn(db, id, now)
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

interface Superseded {
  readonly fleet: string
  readonly package: string
  /** What comes instead; absent where the package goes. */
  readonly revision?: number
  /** Whether rollouts of releases end, or those of settings. */
  readonly kind: RolloutKind
  /** Only rollouts that were made before this one. */
  readonly before?: number
}

/** Ends what is under way for a package; devices keep what they were ordered. */
export async function supersede(
  db: Db,
  { fleet, package: name, revision, kind, before = Number.MAX_SAFE_INTEGER }: Superseded,
): Promise<void> {
  for (const { id } of await unfinishedRollouts(db, fleet, name, kind)) {
    if (id >= before) continue
    const why = whyEnded(kind, revision)
    const ended = { state: 'cancelled', why, wakes_at: null }
    await db.updateTable('rollout').set(ended).where('id', '=', id).execute()
  }
}

function whyEnded(kind: RolloutKind, revision: number | undefined): string {
  if (kind === 'settings') return 'superseded by another change'
  return revision === undefined ? 'package removed' : `superseded by revision ${revision}`
}

type Target = Pick<RolloutRow, 'fleet' | 'package' | 'revision' | 'settings'> & {
  readonly now: string
}

/** Devices that would see other settings, or for whose architecture the revision was published. */
async function candidates(db: Db, target: Target): Promise<DeviceId[]> {
  const { package: name, revision, fleet, settings } = target
  if (settings !== null) {
    return (await whomToMove(db, target, settings)).map(({ id }) => id as DeviceId)
  }
  const releases = await releasesAt(db, name, revision)
  const rows = await db
    .selectFrom('device')
    .select('id')
    .where('fleet', '=', fleet)
    .where('gone_at', 'is', null)
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
async function revisionsBefore(db: Db, target: Target): Promise<Map<string, number | null>> {
  const { fleet, package: name, settings } = target
  const before = new Map<string, number | null>(
    settings === null
      ? await assignedRevisions(db, target)
      : (await whomToMove(db, target, settings)).map(({ id, version }) => [id, version]),
  )
  for (const { id } of await unfinishedRollouts(db, fleet, name, kindOf(target))) {
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

async function assignedRevisions(
  db: Db,
  { fleet, package: name }: Target,
): Promise<[device: string, revision: number][]> {
  const rows = await db
    .selectFrom('device_package')
    .innerJoin('device', 'device.id', 'device_package.device')
    .select(['device_package.device', 'device_package.revision'])
    .where('device.fleet', '=', fleet)
    .where('device_package.package', '=', name)
    .execute()
  return rows.map(row => [row.device, row.revision])
}
