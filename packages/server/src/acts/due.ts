import type { Db } from '../store/schema.ts'

/** Notes that these devices' orders may have to change; durable, so that a crash forgets none. */
export async function markDue(db: Db, devices: readonly string[]): Promise<void> {
  for (let i = 0; i < devices.length; i += 500) {
    await db
      .updateTable('device')
      .set(eb => ({ order_due: eb('order_due', '+', 1) }))
      .where('id', 'in', devices.slice(i, i + 500))
      .execute()
  }
}

export async function markFleetDue(db: Db, fleet: string): Promise<void> {
  await db
    .updateTable('device')
    .set(eb => ({ order_due: eb('order_due', '+', 1) }))
    .where('fleet', '=', fleet)
    .execute()
}

/** Assigns a device one revision of a package; its next order says so. */
export async function assign(
  db: Db,
  device: string,
  name: string,
  revision: number,
): Promise<void> {
  await db
    .insertInto('device_package')
    .values({ device, package: name, revision })
    .onConflict(conflict => conflict.columns(['device', 'package']).doUpdateSet({ revision }))
    .execute()
  await markDue(db, [device])
}

export async function unassign(db: Db, device: string, name: string): Promise<void> {
  await db
    .deleteFrom('device_package')
    .where('device', '=', device)
    .where('package', '=', name)
    .execute()
  await markDue(db, [device])
}

/** For what concerns every order there is: another key directs, so each is signed anew. */
export async function renewAllOrders(db: Db, _input: object): Promise<void> {
  await db.updateTable('device_order').set({ content: '' }).execute()
  await markAllDue(db, {})
}

/** For what concerns every order there is: a policy changed. */
export async function markAllDue(db: Db, _input: object): Promise<void> {
  await db
    .updateTable('device')
    .set(eb => ({ order_due: eb('order_due', '+', 1) }))
    .execute()
}
