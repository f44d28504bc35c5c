import type { NoticeKind } from '@steadfleet/domain'
import type { Selectable } from 'kysely'
import { unknown } from '../error.ts'
import type { Db } from './schema.ts'
import type { DeliveryTable, EndpointTable } from './schema-notices.ts'

export type EndpointRow = Selectable<EndpointTable>
export type DeliveryRow = Selectable<DeliveryTable>

interface Told {
  readonly id: number
  readonly kind: NoticeKind
  readonly fleet: string
  readonly now: string
}

/** Makes a notice due at each endpoint that chose its kind. */
export async function sendTo(db: Db, { id, kind, fleet, now }: Told): Promise<void> {
  const endpoints = await db
    .selectFrom('endpoint')
    .select(['id', 'kinds'])
    .where('state', '=', 'on')
    .$if(fleet !== '', q => q.where('fleet', '=', fleet))
    .execute()
  for (const { id: endpoint, kinds } of endpoints) {
    if ((JSON.parse(kinds) as string[]).includes(kind)) await makeDue(db, endpoint, id, now)
  }
}

export async function makeDue(
  db: Db,
  endpoint: string,
  notice: number,
  next_at: string,
): Promise<number> {
  const { id } = await db
    .insertInto('delivery')
    .values({ endpoint, notice, state: 'due', attempts: 0, next_at, said: '' })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

export async function endpointOf(db: Db, fleet: string, id: string): Promise<EndpointRow> {
  const row = await db
    .selectFrom('endpoint')
    .selectAll()
    .where('fleet', '=', fleet)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw unknown('endpoint/unknown', `endpoint ${id} in fleet ${fleet}`, { endpoint: id })
  return row
}

export function endpointsOf(db: Db, fleet: string): Promise<EndpointRow[]> {
  return db
    .selectFrom('endpoint')
    .selectAll()
    .where('fleet', '=', fleet)
    .orderBy('made_at')
    .orderBy('id')
    .execute()
}

/** What was sent to an endpoint and what is due there, newest first. */
export function deliveriesTo(
  db: Db,
  endpoint: string,
  { before, limit }: { readonly before: number | undefined; readonly limit: number },
) {
  return db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.notice')
    .selectAll('delivery')
    .select(['notice.kind', 'notice.at'])
    .where('endpoint', '=', endpoint)
    .$if(before !== undefined, q => q.where('delivery.id', '<', before ?? 0))
    .orderBy('delivery.id', 'desc')
    .limit(limit)
    .execute()
}

/** Whether anything is to be sent now. */
export async function isAnythingDue(db: Db, now: string): Promise<boolean> {
  const due = db.selectFrom('delivery').select('id').where('next_at', '<=', now)
  return (await due.executeTakeFirst()) !== undefined
}

export interface NoticeRow {
  readonly id: number
  readonly at: string
  readonly fleet: string
  readonly kind: NoticeKind
  readonly data: string
}

/** What people of some fleets were told, newest first. */
export async function noticesWhere(
  db: Db,
  {
    fleets,
    before,
    limit,
  }: {
    readonly fleets: readonly string[] | undefined
    readonly before: number | undefined
    readonly limit: number
  },
): Promise<NoticeRow[]> {
  const rows = await db
    .selectFrom('notice')
    .select(['id', 'at', 'fleet', 'kind', 'data'])
    .$if(fleets !== undefined, q => q.where('fleet', 'in', ['', ...(fleets ?? [])]))
    .$if(before !== undefined, q => q.where('id', '<', before ?? 0))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows as NoticeRow[]
}
