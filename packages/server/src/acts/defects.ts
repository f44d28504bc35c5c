import { nextState } from '@steadfleet/base'
import {
  type DefectEvent,
  type DefectState,
  type DeviceEvent,
  type DeviceId,
  defectTable,
  type Failure,
  type FleetName,
  fingerprintOf,
} from '@steadfleet/domain'
import { ServerError } from '../error.ts'
import { countDefect } from '../store/defect-counts.ts'
import { type DefectRow, defectRow } from '../store/defect-store.ts'
import { deviceWithId } from '../store/device-store.ts'
import type { Db } from '../store/schema.ts'
import { count, notify } from './notices.ts'
import type { CheckIn } from './said.ts'

/** So many defects of a fleet are kept: what people dealt with goes first, then what was not seen for longest. */
const mostDefects = 1000
/** So many failures of each are kept whole: the first, and the newest. */
const mostSamples = 10

/** Counts the failures that a device just told, each to what it is one of. */
export async function noteFailures(
  db: Db,
  { device, now }: CheckIn,
  events: readonly DeviceEvent[],
): Promise<void> {
  const told = events.filter(({ failure }) => failure !== undefined)
  if (told.length === 0) return
  const { fleet } = await deviceWithId(db, device)
  for (const { sequence, failure } of told) {
    if (failure) await noteFailure(db, { fleet, device, sequence, failure, now })
  }
  await count(db, { fleet, counts: 'failure', now, times: told.length })
}

interface Noted {
  readonly fleet: string
  readonly device: string
  readonly sequence: number
  readonly failure: Failure
  readonly now: string
}

async function noteFailure(db: Db, noted: Noted): Promise<void> {
  const row = (await heldDefect(db, noted)) ?? (await newDefect(db, noted))
  const isNewDevice = await countDevice(db, row.id, noted)
  await countRevision(db, row.id, noted)
  await countDefect(db, row.id, noted.now)
  await keepSample(db, row.id, noted)
  const { revision } = noted.failure
  const isBack = hasRegressed(row, revision)
  const next = isBack ? 'regressed' : row.state
  await db
    .updateTable('defect')
    .set(eb => ({
      state: next,
      count: eb('count', '+', 1),
      devices: eb('devices', '+', Number(isNewDevice)),
      last_seen: noted.now,
      first_revision: Math.min(row.first_revision, revision),
      last_revision: Math.max(row.last_revision, revision),
    }))
    .where('id', '=', row.id)
    .execute()
  if (isBack || row.count === 0) await tell(db, { ...row, state: next }, noted)
}

/** What was only put off is no news: it is tried again. */
async function tell(db: Db, row: DefectRow, { device, failure, now }: Noted): Promise<void> {
  if (failure.kind === 'postponed') return
  const fleet = row.fleet as FleetName
  const { package: name, revision, kind } = failure
  const state = row.state as DefectState
  const named = { fleet, defect: row.id, state, title: row.title, device: device as DeviceId }
  await notify(db, {
    kind: state === 'regressed' ? 'failure.regressed' : 'failure.new',
    ...{ fleet, data: { ...named, package: name, revision, kind }, now },
  })
}

/** Devices that have not got the mended revision yet go on failing: that says nothing against it. */
function hasRegressed({ state, resolved_after }: DefectRow, revision: number): boolean {
  const next = nextState(defectTable, state as DefectState, 'regress')
  return next !== undefined && revision > (resolved_after ?? 0)
}

function heldDefect(db: Db, { fleet, failure }: Noted): Promise<DefectRow | undefined> {
  return db
    .selectFrom('defect')
    .selectAll()
    .where('fleet', '=', fleet)
    .where('fingerprint', '=', fingerprintOf(failure).digest)
    .executeTakeFirst()
}

async function newDefect(db: Db, { fleet, failure, now }: Noted): Promise<DefectRow> {
  const { digest, title } = fingerprintOf(failure)
  const { kind, revision, exit = null, signal = null } = failure
  await makeRoom(db, fleet)
  return db
    .insertInto('defect')
    .values({
      ...{ fleet, fingerprint: digest, package: failure.package, app: failure.app ?? '', kind },
      ...{ exit, signal, title, state: 'open', first_seen: now, last_seen: now },
      ...{ first_revision: revision, last_revision: revision, count: 0, devices: 0 },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Of a device that makes up failures without end, its own give way first: they are of one device each. */
async function makeRoom(db: Db, fleet: string): Promise<void> {
  const held = await db
    .selectFrom('defect')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('fleet', '=', fleet)
    .executeTakeFirstOrThrow()
  if (Number(held.count) < mostDefects) return
  const given = await db
    .selectFrom('defect')
    .select('id')
    .where('fleet', '=', fleet)
    .orderBy(eb => eb.case().when('state', 'in', ['resolved', 'ignored']).then(0).else(1).end())
    .orderBy(eb => eb.case().when('devices', '>', 1).then(1).else(0).end())
    .orderBy('last_seen')
    .orderBy('id')
    .executeTakeFirstOrThrow()
  for (const table of parts) await db.deleteFrom(table).where('defect', '=', given.id).execute()
  await db.deleteFrom('defect').where('id', '=', given.id).execute()
}

const parts = ['defect_revision', 'defect_device', 'defect_count', 'defect_sample'] as const

async function countDevice(db: Db, defect: number, noted: Noted): Promise<boolean> {
  const { device, now } = noted
  const { revision } = noted.failure
  const known = await db
    .updateTable('defect_device')
    .set(eb => ({ count: eb('count', '+', 1), revision, last_seen: now }))
    .where('defect', '=', defect)
    .where('device', '=', device)
    .returning('device')
    .executeTakeFirst()
  if (known) return false
  const first = { defect, device, revision, count: 1, last_seen: now }
  await db.insertInto('defect_device').values(first).execute()
  return true
}

async function countRevision(db: Db, defect: number, { failure, now }: Noted): Promise<void> {
  const { revision } = failure
  await db
    .insertInto('defect_revision')
    .values({ defect, revision, count: 1, first_seen: now, last_seen: now })
    .onConflict(conflict =>
      conflict.columns(['defect', 'revision']).doUpdateSet(eb => ({
        count: eb('defect_revision.count', '+', 1),
        last_seen: now,
      })),
    )
    .execute()
}

/** What gives way keeps its row in the timeline, and loses its log. */
async function keepSample(db: Db, defect: number, { device, sequence }: Noted): Promise<void> {
  const { id } = await db
    .selectFrom('event')
    .select('id')
    .where('device', '=', device)
    .where('sequence', '=', sequence)
    .executeTakeFirstOrThrow()
  await db
    .insertInto('defect_sample')
    .values({ defect, event: id })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  const held = await db
    .selectFrom('defect_sample')
    .select('event')
    .where('defect', '=', defect)
    .orderBy('event')
    .execute()
  const second = held[1]
  if (held.length <= mostSamples || second === undefined) return
  await db
    .deleteFrom('defect_sample')
    .where('defect', '=', defect)
    .where('event', '=', second.event)
    .execute()
  await forgetLog(db, second.event)
}

async function forgetLog(db: Db, id: number): Promise<void> {
  const row = await db.selectFrom('event').select('json').where('id', '=', id).executeTakeFirst()
  if (!row) return
  const event: DeviceEvent = JSON.parse(row.json)
  if (!event.failure) return
  const { journal: _, ...failure } = event.failure
  const json = JSON.stringify({ ...event, failure: { ...failure, log: [] } })
  await db.updateTable('event').set({ json }).where('id', '=', id).execute()
}

/** What a person may make of a defect. */
export type DefectSteer = Exclude<DefectEvent, 'regress'>

export interface DefectSteering {
  readonly defect: number
  readonly event: DefectSteer
  /** Of one that is resolved: the first revision without it. Absent: the next after those it was seen in. */
  readonly revision?: number | undefined
  readonly by: string
  readonly now: string
}

/** Makes of a defect what a person wants, where its state allows that. */
export async function steerDefect(db: Db, steering: DefectSteering): Promise<void> {
  const { defect, event, revision, by, now } = steering
  const row = await defectRow(db, defect)
  const state = nextState(defectTable, row.state as DefectState, event)
  if (!state) {
    const message = `cannot ${event} failure ${defect}: it is ${row.state}`
    throw new ServerError('failure/wrong-state', message, { failure: defect, state: row.state })
  }
  const after = revision === undefined ? row.last_revision : revision - 1
  await db
    .updateTable('defect')
    .set({
      ...{ state, changed_by: by, changed_at: now },
      resolved_after: state === 'resolved' ? after : null,
    })
    .where('id', '=', defect)
    .execute()
}
