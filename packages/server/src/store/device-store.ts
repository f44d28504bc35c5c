import type { DeviceEvent, StateReport } from '@steadfleet/domain'
import { type Selectable, sql } from 'kysely'
import { ServerError, unknown } from '../error.ts'
import { textIn } from './json-in.ts'
import type { Db, DeviceTable } from './schema.ts'

export type DeviceRow = Selectable<DeviceTable>

export async function deviceWithId(db: Db, id: string): Promise<DeviceRow> {
  const row = await db.selectFrom('device').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw unknown('device/unknown', `device ${id}`, { device: id })
  return row
}

/** A device of this fleet; one of another is as one that is not there. */
export async function deviceIn(db: Db, fleet: string, id: string): Promise<DeviceRow> {
  const row = await deviceWithId(db, id)
  if (row.fleet === fleet) return row
  throw unknown('device/unknown', `device ${id}`, { device: id })
}

/** Devices of a fleet that are in service, in the order in which they joined. */
export function devicesOf(db: Db, fleet: string): Promise<DeviceRow[]> {
  return db
    .selectFrom('device')
    .selectAll()
    .where('fleet', '=', fleet)
    .where('gone_at', 'is', null)
    .orderBy('number')
    .execute()
}

/** How many devices each fleet has in each state of their last change, and how many of them are silent. */
export function devicesByState(
  db: Db,
): Promise<{ fleet: string; state: string; count: number; silent: number }[]> {
  return db
    .selectFrom('device')
    .select(({ fn }) => [
      'fleet',
      fn.coalesce(textIn(db, 'report', 'state'), sql.lit('committed')).as('state'),
      fn.countAll<number>().as('count'),
      fn.count<number>('silent_since').as('silent'),
    ])
    .where('gone_at', 'is', null)
    .groupBy(['fleet', 'state'])
    .execute()
}

/** The raw public key of a device, in hexadecimal; that of one that is decommissioned is refused. */
export async function publicKeyOf(db: Db, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('device')
    .select(['public_key', 'gone_at'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row?.gone_at) return row?.public_key
  const message = `cannot answer device ${id}: it was decommissioned, and has to enrol again`
  throw new ServerError('device/decommissioned', message, { device: id })
}

/** Devices whose order may have to change, the longest waiting first. */
export function devicesDue(db: Db, limit: number): Promise<DeviceRow[]> {
  return db
    .selectFrom('device')
    .selectAll()
    .where('order_due', '>', 0)
    .where('gone_at', 'is', null)
    .orderBy('number')
    .limit(limit)
    .execute()
}

/** What a device last said of itself, in a report that it signed. */
export function reportOf(row: Pick<DeviceRow, 'report'>): StateReport | undefined {
  return row.report === null ? undefined : JSON.parse(row.report)
}

/** The packages a device shall run, and at which revision. */
export function assignedTo(
  db: Db,
  device: string,
): Promise<{ package: string; revision: number; restores_data: number }[]> {
  return db
    .selectFrom('device_package')
    .select(['package', 'revision', 'restores_data'])
    .where('device', '=', device)
    .orderBy('package')
    .execute()
}

export interface EventRow {
  readonly id: number
  readonly device: string
  readonly received_at: string
  readonly event: DeviceEvent
  /** The row of `evidence` in which the device signed it. */
  readonly evidence: number | null
}

export interface EventQuestion {
  readonly fleet?: string | undefined
  /** Only what is of these. */
  readonly fleets?: readonly string[] | undefined
  readonly device?: string | undefined
  readonly kind?: DeviceEvent['kind']
  readonly code?: string | undefined
  /** Only those with a lower id: where the page before ended. */
  readonly before?: number | undefined
  readonly limit?: number | undefined
}

/** Events, newest first. */
export async function eventsWhere(db: Db, question: EventQuestion): Promise<EventRow[]> {
  const { fleet, fleets, device, kind, code, before, limit } = question
  const rows = await db
    .selectFrom('event')
    .select(['id', 'device', 'received_at', 'json', 'evidence'])
    .$if(fleet !== undefined, q => q.where('device', 'in', idsOf(db, [fleet ?? ''])))
    .$if(fleets !== undefined, q => q.where('device', 'in', idsOf(db, fleets ?? [])))
    .$if(device !== undefined, q => q.where('device', '=', device ?? ''))
    .$if(kind !== undefined, q => q.where('kind', '=', kind ?? ''))
    .$if(code !== undefined, q => q.where('code', '=', code ?? ''))
    .$if(before !== undefined, q => q.where('id', '<', before ?? 0))
    .orderBy('id', 'desc')
    .limit(limit ?? 100)
    .execute()
  return rows.map(({ json, ...row }) => ({ ...row, event: JSON.parse(json) }))
}

function idsOf(db: Db, fleets: readonly string[]) {
  return db
    .selectFrom('device')
    .select('id')
    .where('fleet', 'in', [...fleets])
}

/** Names of devices by id. */
export async function namedDevices(
  db: Db,
  ids: readonly string[],
): Promise<Map<string, { readonly name: string; readonly fleet: string }>> {
  const rows = await db
    .selectFrom('device')
    .select(['id', 'name', 'fleet'])
    .where('id', 'in', [...new Set(ids)])
    .execute()
  return new Map(rows.map(row => [row.id, row]))
}
