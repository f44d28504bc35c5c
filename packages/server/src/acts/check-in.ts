import { type DeviceEvent, digestOfSettings, type StateReport } from '@steadfleet/domain'
import type { EnvelopeView } from '@steadfleet/protocol'
import type { Verdict } from '@steadfleet/rollout'
import { ServerError } from '../error.ts'
import { effectiveFor } from '../orders/given-settings.ts'
import { type DeviceRow, deviceWithId, reportOf } from '../store/device-store.ts'
import { orderAbove } from '../store/order-store.ts'
import { releasesAt } from '../store/release-store.ts'
import { openMoves } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { hear } from './advance.ts'
import { noteFailures } from './defects.ts'
import { useDeviceSession } from './device-session.ts'
import { markDue } from './due.ts'
import { isRefusal, keepEvents, refuseOtherEvents, tellRefusals } from './events.ts'
import { isolateAsTold } from './isolation.ts'
import { noteFacts } from './note-facts.ts'
import { crashKinds } from './rollout-control.ts'
import type { CheckIn, Unchanged } from './said.ts'
import { endSilence } from './silence.ts'
import { checkInUnchanged, saidAgain } from './unchanged.ts'

export interface CheckedIn {
  readonly acknowledged: number
  readonly order: EnvelopeView | null
  /** Codes of what the device refused, as it tells now. */
  readonly refused: readonly string[]
  /** What people who look on have to ask for again. */
  readonly changed: readonly ('device' | 'rollouts' | 'failures')[]
  readonly isOrderDue: boolean
}

/** Keeps what a device says, and in the same transaction moves on the rollouts it takes part in. */
export async function checkIn(db: Db, told: CheckIn | Unchanged): Promise<CheckedIn> {
  if (told.session) await useDeviceSession(db, told.session)
  if ('report' in told) return hearReport(db, told)
  return (await checkInUnchanged(db, told)) ?? hearReport(db, await saidAgain(db, told))
}

async function hearReport(db: Db, said: CheckIn): Promise<CheckedIn> {
  const row = await deviceWithId(db, said.device)
  refuseOtherEvents(said)
  const isNew = refuseOlder(row, said.report)
  await keepReport(db, row, said, isNew)
  const events = said.events.filter(event => event.sequence > row.event_sequence)
  await keepEvents(db, said, events)
  const acknowledged = await acknowledge(db, row, events)
  await tellRefusals(db, row, events, said.now)
  await noteFailures(db, said, events)
  await isolateAsTold(db, said, { before: reportOf(row), events })
  const isBack = await endSilence(db, row, said.now)
  const isDecided = await decideMoves(db, said, events)
  await renewStaleOrder(db, said)
  await renewForeignOrder(db, said)
  const order = await giveOrder(db, said)
  const { order_due } = await deviceWithId(db, said.device)
  return {
    acknowledged,
    order,
    refused: events.filter(isRefusal).map(({ code = '' }) => code),
    changed: changesOf(row, said, { events, isDecided, isBack }),
    // A move that is decided may let a rollout order others, who have no reason to check in.
    isOrderDue: order_due > 0 || isDecided,
  }
}

/** The same report twice is a lost reply; an older one is a replay, or a device restored from a copy. */
function refuseOlder(row: DeviceRow, report: StateReport): boolean {
  if (report.sequence >= row.report_sequence) return report.sequence > row.report_sequence
  const { sequence } = report
  const held = row.report_sequence
  const message = `cannot take report ${sequence} of ${row.id}: already hold ${held}`
  throw new ServerError('device/wrong-report', message, { held, offered: sequence })
}

async function keepReport(db: Db, row: DeviceRow, said: CheckIn, isNew: boolean): Promise<void> {
  const { report, envelope, now } = said
  const change = isNew && {
    report: JSON.stringify(report),
    report_envelope: envelope,
    report_sequence: report.sequence,
    change_state: report.state,
    noted: 1,
    counter: report.counter,
  }
  await db
    .updateTable('device')
    .set({ seen_at: now, ...change })
    .where('id', '=', row.id)
    .execute()
  const before = reportOf(row)
  const isOther = orderedBy(before) !== orderedBy(report)
  // Reports of before there were these tables are not in them.
  if (isNew && (isOther || row.noted === 0)) {
    await noteFacts(db, row.id, report, row.noted === 0 ? undefined : before)
  }
  if (isNew && isOther) await markDue(db, [row.id])
}

/**
 * What of a report an order may follow: groups are of attributes, and bring settings; of a publisher who
 * is refused an order lists what runs; of what the device isolated itself an order says that it is known.
 */
function orderedBy(report: StateReport | undefined): string {
  const { attributes = {}, releases = [], isolated = {} } = report ?? {}
  return JSON.stringify([attributes, releases, isolated])
}

async function acknowledge(
  db: Db,
  row: DeviceRow,
  events: readonly DeviceEvent[],
): Promise<number> {
  const acknowledged = Math.max(row.event_sequence, ...events.map(({ sequence }) => sequence))
  await db
    .updateTable('device')
    .set({ event_sequence: acknowledged })
    .where('id', '=', row.id)
    .execute()
  return acknowledged
}

async function decideMoves(
  db: Db,
  said: CheckIn,
  events: readonly DeviceEvent[],
): Promise<boolean> {
  let isDecided = false
  const moves = await openMoves(db, said.device)
  for (const move of moves) {
    const isThere = await hasArrived(db, move, said)
    const verdict = verdictOn(
      { ...move, isBlamed: isBlamed(move, moves) },
      isThere,
      said.report,
      events,
    )
    if (!verdict) continue
    isDecided = true
    const { device, envelope: evidence, now } = said
    await hear(db, move.rollout, { device, verdict, evidence, now })
  }
  return isDecided
}

interface OpenMove {
  readonly state: string
  readonly package: string
  readonly revision: number
  readonly settings: number | null
  readonly above_counter: number
  /** False where something newer is under way, which a device that goes back goes back from. */
  readonly isBlamed: boolean
}

/** What was done before the device was ordered other settings, or another release, is not what failed. */
function isBlamed<M extends Omit<OpenMove, 'isBlamed'>>(move: M, moves: readonly M[]): boolean {
  const isNewer = (other: M): boolean =>
    other.package === move.package && other.state !== 'done' && other.state !== 'recalled'
  return move.state !== 'done' || !moves.some(isNewer)
}

/** Whether a report names what the move is to bring: the release's tree, or all values that its apps see. */
async function hasArrived(
  db: Db,
  move: Omit<OpenMove, 'isBlamed'>,
  { device, report, now }: CheckIn,
): Promise<boolean> {
  const installed = report.releases.find(release => release.package === move.package)
  if (!installed) return false
  const releases = await releasesAt(db, move.package, installed.revision)
  const trees = releases.map(({ record }) => record.tree.digest)
  if (move.settings === null) {
    return installed.revision === move.revision && trees.includes(installed.tree)
  }
  // An agent too old to name its settings vouches with the order that it has come to.
  if (installed.settings === undefined) return report.counter > move.above_counter
  const record = releases.find(one => one.record.tree.digest === installed.tree)?.record
  if (!record) return false
  const row = await deviceWithId(db, device)
  const declared = record.behaviour.settings ?? {}
  const values = await effectiveFor(db, row, move.package, { declared, now: new Date(now) })
  return installed.settings === digestOfSettings(values)
}

/**
 * Done is a committed report of a device that has arrived. Failed is a change to this revision that failed;
 * rolled back is one that failed its probation, or a report, under an order at least as new as the move's, of
 * having gone back, even of a device that had said that all is well.
 */
export function verdictOn(
  move: OpenMove,
  isThere: boolean,
  report: StateReport,
  events: readonly DeviceEvent[],
): Verdict | undefined {
  const kinds = failuresOf(move, events)
  if (isThere && report.state === 'committed') return stillThere(move, kinds)
  if (!move.isBlamed) return undefined
  if (kinds.includes('probation')) return 'rolled back'
  if (kinds.includes('change')) return 'failed'
  // Who was recalled goes back because it was told to.
  if (move.state === 'recalled') return undefined
  const wentBack = report.state === 'restored' || report.state === 'rescue'
  return wentBack && !isThere && report.counter > move.above_counter ? 'rolled back' : undefined
}

function stillThere({ state }: OpenMove, kinds: readonly string[]): Verdict | undefined {
  if (state !== 'done') return 'done'
  return kinds.some(kind => crashKinds.includes(kind)) ? 'crashed' : undefined
}

/**
 * A crash on probation is restarted and decides nothing: probation does. Nor does a change that was put off:
 * a device that is attacked, or full, must not halt the rollout of the others.
 */
function failuresOf(move: OpenMove, events: readonly DeviceEvent[]): string[] {
  return events.flatMap(({ failure }) =>
    failure?.package === move.package &&
    (move.settings !== null || failure.revision === move.revision)
      ? [failure.kind]
      : [],
  )
}

/** Notes that the order is given: a device may hold it from now on. */
async function giveOrder(db: Db, { device, report }: CheckIn): Promise<EnvelopeView | null> {
  const order = await orderAbove(db, device, report.counter)
  const given = db.updateTable('device_order').set({ given: 1 }).where('device', '=', device)
  if (order) await given.where('given', '=', 0).execute()
  return order
}

/**
 * A device that holds an order of this counter, or a higher one, before ours was given has it from a
 * time that this database has lost: ours would never be taken, and is renewed above it. One that was given is not:
 * what this database remembers may be long over, and nobody is to go back to it.
 */
async function renewForeignOrder(db: Db, { device, report }: CheckIn): Promise<void> {
  const foreign = await db
    .updateTable('device_order')
    .set({ content: '' })
    .where('device', '=', device)
    .where('given', '=', 0)
    .where('counter', '<=', report.counter)
    .returning('device')
    .executeTakeFirst()
  if (foreign) await markDue(db, [device])
}

async function renewStaleOrder(db: Db, { device, report, renewBefore }: CheckIn): Promise<void> {
  const stale = await db
    .updateTable('device_order')
    .set({ content: '' })
    .where('device', '=', device)
    .where('counter', '>', report.counter)
    .where('issued_at', '<', renewBefore)
    .returning('device')
    .executeTakeFirst()
  if (stale) await markDue(db, [device])
}

interface Found {
  readonly events: readonly DeviceEvent[]
  readonly isDecided: boolean
  readonly isBack: boolean
}

function changesOf(
  row: DeviceRow,
  { report }: CheckIn,
  { events, isDecided, isBack }: Found,
): CheckedIn['changed'] {
  const isOther = isBack || events.length > 0 || stateOf(reportOf(row)) !== stateOf(report)
  return [
    ...(isOther ? (['device'] as const) : []),
    ...(isDecided ? (['rollouts'] as const) : []),
    ...(events.some(({ failure }) => failure) ? (['failures'] as const) : []),
  ]
}

/** All of a report but what differs each time. */
function stateOf(report: StateReport | undefined): string {
  return JSON.stringify(report && { ...report, sequence: 0, at: '', events: [] })
}
