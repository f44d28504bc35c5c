import type { StateReport } from '@steadfleet/domain'
import type { Db } from '../store/schema.ts'
import { refreshSearch } from './refresh-search.ts'

/** Attributes of one device that queries know, the first by name; the longest of their names. */
const mostAttributes = 100
const longestName = 100

type Said = Pick<StateReport, 'attributes' | 'releases'>

const nothing: Said = { attributes: {}, releases: [] }

/** Puts what a device says of itself where queries ask for it; what it said before is there already. */
export async function noteFacts(
  db: Db,
  device: string,
  said: Said,
  before: Said = nothing,
): Promise<void> {
  await noteAttributes(db, device, told(said), told(before))
  if (JSON.stringify(said.releases) === JSON.stringify(before.releases)) return
  await noteReleases(db, device, said, before)
  await refreshSearch(db, [device])
}

function told({ attributes }: Said): Map<string, string> {
  const names = Object.keys(attributes).filter(name => name.length <= longestName)
  const first = names.sort().slice(0, mostAttributes)
  return new Map(first.map(name => [name, clean(attributes[name] ?? '')]))
}

/** What every database can keep. */
function clean(value: string): string {
  return value.toWellFormed().replaceAll('\0', '\ufffd')
}

async function noteAttributes(
  db: Db,
  device: string,
  said: ReadonlyMap<string, string>,
  before: ReadonlyMap<string, string>,
): Promise<void> {
  const gone = [...before.keys()].filter(name => !said.has(name))
  if (gone.length > 0) {
    await db
      .deleteFrom('device_attribute')
      .where('device', '=', device)
      .where('name', 'in', gone)
      .execute()
  }
  const changed = [...said].filter(([name, value]) => before.get(name) !== value)
  if (changed.length === 0) return
  await db
    .insertInto('device_attribute')
    .values(changed.map(([name, value]) => ({ device, name, value, amount: amountIn(value) })))
    .onConflict(conflict =>
      conflict.columns(['device', 'name']).doUpdateSet(eb => ({
        value: eb.ref('excluded.value'),
        amount: eb.ref('excluded.amount'),
      })),
    )
    .execute()
}

function amountIn(value: string): number | null {
  return /^-?\d{1,15}$/.test(value) ? Number(value) : null
}

async function noteReleases(db: Db, device: string, said: Said, before: Said): Promise<void> {
  const named = new Map(said.releases.map(one => [one.package, one]))
  const gone = before.releases.filter(one => !named.has(one.package)).map(one => one.package)
  if (gone.length > 0) {
    await db
      .deleteFrom('device_release')
      .where('device', '=', device)
      .where('package', 'in', gone)
      .execute()
  }
  for (const { package: name, revision, version, tree } of named.values()) {
    const runs = { revision, version: clean(version), tree }
    await db
      .insertInto('device_release')
      .values({ device, package: name, ...runs })
      .onConflict(conflict => conflict.columns(['device', 'package']).doUpdateSet(runs))
      .execute()
  }
}
