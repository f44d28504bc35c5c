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

/** What devices shall run of a package. */
export interface Assigned {
  readonly package: string
  readonly revision: number
  /** 1 where those that go back to it take up their data of then. */
  readonly restores_data?: number
}

/** Assigns devices one revision of a package, 500 at most; their next orders say so. */
export async function assign(
  db: Db,
  devices: readonly string[],
  assigned: Assigned,
): Promise<void> {
  if (devices.length === 0) return
  const { revision, restores_data = 0 } = assigned
  await db
    .insertInto('device_package')
    .values(devices.map(device => ({ device, package: assigned.package, revision, restores_data })))
    .onConflict(conflict =>
      conflict.columns(['device', 'package']).doUpdateSet({ revision, restores_data }),
    )
    .execute()
  await markDue(db, devices)
}

export async function unassign(db: Db, devices: readonly string[], name: string): Promise<void> {
  for (let i = 0; i < devices.length; i += 500) {
    await db
      .deleteFrom('device_package')
      .where('device', 'in', devices.slice(i, i + 500))
      .where('package', '=', name)
      .execute()
  }
  await markDue(db, devices)
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
