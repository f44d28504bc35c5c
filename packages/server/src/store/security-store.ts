import type { DeviceEvent, DeviceId } from '@steadfleet/domain'
import type { EnvelopeView } from '@steadfleet/protocol'
import { sql } from 'kysely'
import { unknown } from '../error.ts'
import type { Db } from './schema.ts'

interface Whose {
  readonly fleet?: string | undefined
  readonly device?: string | undefined
  /** Only what is of these. */
  readonly fleets?: readonly string[] | undefined
}

interface SecurityCount {
  readonly code: string
  readonly count: number
  readonly devices: number
  readonly newest: string
}

/** How often devices refused something, by code, the most frequent first. */
export async function securityCounts(
  db: Db,
  { fleet, device, fleets }: Whose = {},
): Promise<SecurityCount[]> {
  const rows = await db
    .selectFrom('event')
    .innerJoin('device', 'device.id', 'event.device')
    .select(({ fn }) => [
      sql<string>`coalesce(event.code, '')`.as('code'),
      fn.countAll<number>().as('count'),
      fn.count<number>('event.device').distinct().as('devices'),
      fn.max('event.received_at').as('newest'),
    ])
    .where('event.kind', '=', 'security')
    .$if(fleet !== undefined, q => q.where('device.fleet', '=', fleet ?? ''))
    .$if(fleets !== undefined, q => q.where('device.fleet', 'in', [...(fleets ?? [])]))
    .$if(device !== undefined, q => q.where('event.device', '=', device ?? ''))
    .groupBy('event.code')
    .orderBy('count', 'desc')
    .orderBy('code')
    .execute()
  return rows
}

interface EventEvidence {
  readonly device: DeviceId
  readonly publicKey: string
  readonly event: DeviceEvent
  readonly report: EnvelopeView
}

/** A security event with the report in which its device signed it. */
export async function evidenceOf(db: Db, event: number): Promise<EventEvidence> {
  const row = await db
    .selectFrom('event')
    .innerJoin('device', 'device.id', 'event.device')
    .innerJoin('evidence', 'evidence.id', 'event.evidence')
    .select(['event.device', 'event.json', 'device.public_key', 'evidence.report'])
    .where('event.id', '=', event)
    .executeTakeFirst()
  if (!row) throw unknown('event/unknown', `evidence of event ${event}`, { event })
  return {
    device: row.device as DeviceId,
    publicKey: row.public_key,
    event: JSON.parse(row.json),
    report: JSON.parse(row.report),
  }
}
