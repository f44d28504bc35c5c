import type { DefectState } from '@steadfleet/domain'
import type { Selectable } from 'kysely'
import { unknown } from '../error.ts'
import type { EventRow } from './device-store.ts'
import type { Db } from './schema.ts'
import type { DefectTable } from './schema-notices.ts'

export type DefectRow = Selectable<DefectTable>

export async function defectRow(db: Db, id: number): Promise<DefectRow> {
  const row = await db.selectFrom('defect').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw unknown('failure/unknown', `failure ${id}`, { failure: id })
  return row
}

export interface DefectQuestion {
  /** Only what is of these. */
  readonly fleets?: readonly string[] | undefined
  readonly fleet?: string | undefined
  readonly package?: string | undefined
  readonly states?: readonly DefectState[] | undefined
}

/** Defects, the one that failed last first. */
export function defectsWhere(
  db: Db,
  { fleets, fleet, package: name, states }: DefectQuestion,
  limit: number,
): Promise<DefectRow[]> {
  return db
    .selectFrom('defect')
    .selectAll()
    .$if(fleets !== undefined, q => q.where('fleet', 'in', [...(fleets ?? [])]))
    .$if(fleet !== undefined, q => q.where('fleet', '=', fleet ?? ''))
    .$if(name !== undefined, q => q.where('package', '=', name ?? ''))
    .$if(states !== undefined, q => q.where('state', 'in', [...(states ?? [])]))
    .orderBy('last_seen', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

/** The newest revision that was published of each package. */
export async function newestRevisions(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('release')
    .select(({ fn }) => ['package', fn.max('revision').as('revision')])
    .groupBy('package')
    .execute()
  return new Map(rows.map(row => [row.package, row.revision]))
}

/** How often each of these failed since `from`, in seconds since 1970. */
export function countsOf(
  db: Db,
  defects: readonly number[],
  from = 0,
): Promise<{ defect: number; at: number; seconds: number; count: number }[]> {
  if (defects.length === 0) return Promise.resolve([])
  return db
    .selectFrom('defect_count')
    .selectAll()
    .where('defect', 'in', [...defects])
    .where('at', '>=', from)
    .orderBy('at')
    .execute()
}

export function revisionsOf(db: Db, defect: number) {
  return db
    .selectFrom('defect_revision')
    .select(['revision', 'count', 'first_seen', 'last_seen'])
    .where('defect', '=', defect)
    .orderBy('revision')
    .execute()
}

/** Whom it hit, the newest first. */
export function devicesHit(db: Db, defect: number, limit: number) {
  return db
    .selectFrom('defect_device')
    .innerJoin('device', 'device.id', 'defect_device.device')
    .select([
      'defect_device.device',
      'device.name',
      'defect_device.revision',
      'defect_device.count',
      'defect_device.last_seen',
    ])
    .where('defect', '=', defect)
    .orderBy('defect_device.last_seen', 'desc')
    .orderBy('defect_device.device')
    .limit(limit)
    .execute()
}

/** The failures of it that are kept whole, newest first. */
export async function samplesOf(db: Db, defect: number): Promise<EventRow[]> {
  const rows = await db
    .selectFrom('defect_sample')
    .innerJoin('event', 'event.id', 'defect_sample.event')
    .select(['event.id', 'event.device', 'event.received_at', 'event.json', 'event.evidence'])
    .where('defect', '=', defect)
    .orderBy('event.id', 'desc')
    .execute()
  return rows.map(({ json, ...row }) => ({ ...row, event: JSON.parse(json) }))
}
