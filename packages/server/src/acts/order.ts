import type { Db, OrderTable } from '../store/schema.ts'

export interface SignedOrder extends Omit<OrderTable, 'given'> {
  /** The mark that the orderer saw; a later one stays and is looked at again. */
  readonly due: number
}

/** Puts a signed order in force; its counter never goes back. */
export async function putOrder(db: Db, { due, ...order }: SignedOrder): Promise<void> {
  const { counter, content, envelope, issued_at } = order
  await db
    .insertInto('device_order')
    .values({ ...order, given: 0 })
    .onConflict(conflict =>
      conflict
        .column('device')
        .doUpdateSet({ counter, content, envelope, issued_at, given: 0 })
        .where('device_order.counter', '<', counter),
    )
    .execute()
  await db
    .updateTable('device')
    .set({ ordered_counter: counter })
    .where('id', '=', order.device)
    .where('ordered_counter', '<', counter)
    .execute()
  await clearDue(db, { device: order.device, due })
}

export async function clearDue(
  db: Db,
  { device, due }: { device: string; due: number },
): Promise<void> {
  await db
    .updateTable('device')
    .set({ order_due: 0 })
    .where('id', '=', device)
    .where('order_due', '=', due)
    .execute()
}
