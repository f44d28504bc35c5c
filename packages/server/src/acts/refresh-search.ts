import type { Db } from '../store/schema.ts'

/** Writes down anew what a search of words finds these devices by. */
export async function refreshSearch(db: Db, devices: readonly string[]): Promise<void> {
  for (let i = 0; i < devices.length; i += 500) await refreshSome(db, devices.slice(i, i + 500))
}

async function refreshSome(db: Db, ids: readonly string[]): Promise<void> {
  const rows = await db
    .selectFrom('device')
    .select(['id', 'name', 'model', 'note'])
    .where('id', 'in', ids)
    .execute()
  const labels = await db
    .selectFrom('device_label')
    .select(['device', 'name', 'value'])
    .where('device', 'in', ids)
    .orderBy('name')
    .execute()
  const runs = await db
    .selectFrom('device_release')
    .select(['device', 'package', 'version'])
    .where('device', 'in', ids)
    .orderBy('package')
    .execute()
  const labelsOf = Map.groupBy(labels, ({ device }) => device)
  const runsOf = Map.groupBy(runs, ({ device }) => device)
  for (const { id, name, model, note } of rows) {
    const said = (labelsOf.get(id) ?? []).map(label => `${label.name}=${label.value}`)
    const has = (runsOf.get(id) ?? []).map(one => `${one.package} ${one.version}`)
    const words = [name, id, model, ...said, ...has, note].join(' ').toLowerCase()
    await db
      .insertInto('device_words')
      .values({ device: id, words })
      .onConflict(conflict => conflict.column('device').doUpdateSet({ words }))
      .execute()
  }
}
