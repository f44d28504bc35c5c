import type { Labels, PackageName } from '@steadfleet/domain'
import type { Db } from './schema.ts'

/** What people say of devices, by id. */
export async function labelsOf(db: Db, devices: readonly string[]): Promise<Map<string, Labels>> {
  const rows = await bySome(devices, some =>
    db.selectFrom('device_label').selectAll().where('device', 'in', some).orderBy('name').execute(),
  )
  const grouped = Map.groupBy(rows, ({ device }) => device)
  return new Map(
    [...grouped].map(([device, labels]) => [
      device,
      Object.fromEntries(labels.map(({ name, value }) => [name, value])),
    ]),
  )
}

export interface Pinned {
  readonly package: PackageName
  readonly revision: number
}

/** Packages that people keep at a revision, by device. */
export async function pinsOf(db: Db, devices: readonly string[]): Promise<Map<string, Pinned[]>> {
  const rows = await bySome(devices, some =>
    db
      .selectFrom('device_pin')
      .selectAll()
      .where('device', 'in', some)
      .orderBy('package')
      .execute(),
  )
  const grouped = Map.groupBy(rows, ({ device }) => device)
  return new Map(
    [...grouped].map(([device, pins]) => [
      device,
      pins.map(({ package: name, revision }) => ({ package: name as PackageName, revision })),
    ]),
  )
}

/** As many at a time as one statement names. */
async function bySome<Row>(
  ids: readonly string[],
  ask: (some: readonly string[]) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = []
  for (let i = 0; i < ids.length; i += 500) rows.push(...(await ask(ids.slice(i, i + 500))))
  return rows
}
