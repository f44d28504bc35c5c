import { isDeepStrictEqual } from 'node:util'
import { type DeviceEvent, type DeviceId, digestOfEvent, type FleetName } from '@steadfleet/domain'
import { ServerError } from '../error.ts'
import type { DeviceRow } from '../store/device-store.ts'
import type { Db } from '../store/schema.ts'
import { notify } from './notices.ts'
import type { CheckIn } from './said.ts'

/** Whether a device tells of something that it would not trust. */
export function isRefusal({ kind }: DeviceEvent): boolean {
  return kind === 'security'
}

/**
 * A report names the events that it came with. One of before there were such names, names none; in a session,
 * whose key may be stolen, it vouches for none.
 */
export function refuseOtherEvents({ device, report, events, session }: CheckIn): void {
  if (report.events === undefined && (session === undefined || events.length === 0)) return
  if (isDeepStrictEqual(report.events, events.map(digestOfEvent))) return
  const message = `cannot take report ${report.sequence} of ${device}: it is not of these events`
  throw new ServerError('device/wrong-report', message, { named: report.events?.length ?? 0 })
}

/** Keeps what a device told, and of what it refused the report in which it signed that. */
export async function keepEvents(
  db: Db,
  said: CheckIn,
  events: readonly DeviceEvent[],
): Promise<void> {
  const evidence = await keepEvidence(db, said, events)
  for (const event of events) {
    const { sequence, kind, code = null } = event
    await db
      .insertInto('event')
      .values({
        device: said.device,
        sequence,
        received_at: said.now,
        kind,
        json: JSON.stringify(event),
        code,
        evidence: isRefusal(event) ? evidence : null,
      })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}

async function keepEvidence(
  db: Db,
  { device, report, envelope }: CheckIn,
  events: readonly DeviceEvent[],
): Promise<number | null> {
  if (report.events === undefined || !events.some(isRefusal)) return null
  const { id } = await db
    .insertInto('evidence')
    .values({ device, report: envelope })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** Tells people what a device just refused, once for each code: a device under attack says much at once. */
export async function tellRefusals(
  db: Db,
  { id, name, fleet }: Pick<DeviceRow, 'id' | 'name' | 'fleet'>,
  events: readonly DeviceEvent[],
  now: string,
): Promise<void> {
  const byCode = Map.groupBy(events.filter(isRefusal), ({ code }) => code ?? '')
  for (const [code, [first]] of byCode) {
    const message = first?.message ?? ''
    const whose = { fleet: fleet as FleetName, device: id as DeviceId, name }
    await notify(db, { kind: 'security.refused', fleet, data: { ...whose, code, message }, now })
  }
}

/** What the server itself found out about a device. */
type Note = Pick<DeviceEvent, 'at' | 'message' | 'details'> & { readonly code: string }

/** Puts it into the device's timeline, below the numbers that the device gives. */
export async function noteOnDevice(db: Db, device: string, note: Note): Promise<void> {
  const event: DeviceEvent = { sequence: 0, kind: 'server', ...note }
  const { lowest } = await db
    .selectFrom('event')
    .select(eb => eb.fn.min('sequence').as('lowest'))
    .where('device', '=', device)
    .executeTakeFirstOrThrow()
  await db
    .insertInto('event')
    .values({
      device,
      sequence: Math.min(lowest ?? 0, 0) - 1,
      received_at: note.at,
      kind: event.kind,
      json: JSON.stringify(event),
      code: note.code,
    })
    .execute()
}
