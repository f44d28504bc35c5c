import type { EnvelopeView } from '@steadfleet/protocol'
import type { Selectable } from 'kysely'
import type { Db, OrderTable } from './schema.ts'

export type OrderRow = Selectable<OrderTable>

/** The order in force for a device. */
export function orderFor(db: Db, device: string): Promise<OrderRow | undefined> {
  return db.selectFrom('device_order').selectAll().where('device', '=', device).executeTakeFirst()
}

/** The order's envelope where its counter is above the one that the device has accepted. */
export async function orderAbove(
  db: Db,
  device: string,
  counter: number,
): Promise<EnvelopeView | null> {
  const row = await orderFor(db, device)
  return row && row.counter > counter ? JSON.parse(row.envelope) : null
}
