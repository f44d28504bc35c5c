import type { SettingScope, SettingValues } from '@steadfleet/domain'
import type { SelectQueryBuilder } from 'kysely'
import { unknown } from '../error.ts'
import type { Db } from './schema.ts'

/** What was given to one scope of a package. */
export interface Setting {
  readonly package: string
  readonly scope: SettingScope
  /** The group, the device, or the fleet's own name. */
  readonly name: string
  readonly values: SettingValues
}

export interface SettingChange {
  readonly id: number
  readonly fleet: string
  readonly package: string
  readonly scope: SettingScope
  readonly name: string
  readonly before: SettingValues
  readonly after: SettingValues
  readonly by: string
  readonly at: string
  readonly rollout: number | null
  /** Its rollout was cancelled: whoever took it keeps it until the next change, and no other gets it. */
  readonly withdrawn: boolean
}

/** What is in force of each scope of a fleet, or of one package of it, once every rollout has ended. */
export async function settingsOf(db: Db, fleet: string, name?: string): Promise<Setting[]> {
  const newest = db
    .selectFrom('setting_change')
    .select(({ fn }) => fn.max('id').as('id'))
    .where('fleet', '=', fleet)
    .where('withdrawn', '=', 0)
    .$if(name !== undefined, q => q.where('package', '=', name ?? ''))
    .groupBy(['package', 'scope', 'name'])
  return settingsIn(db, newest)
}

/** What one device is to have, layer by layer: those of the fleet and of groups as far as it was moved. */
export async function settingsGivenTo(
  db: Db,
  { id, fleet }: { readonly id: string; readonly fleet: string },
): Promise<Setting[]> {
  const newest = db
    .selectFrom('setting_change as change')
    .leftJoin('device_setting as own', join =>
      join.on('own.device', '=', id).onRef('own.package', '=', 'change.package'),
    )
    .leftJoin('settled_setting as settled', join =>
      join
        .onRef('settled.fleet', '=', 'change.fleet')
        .onRef('settled.package', '=', 'change.package'),
    )
    .select(({ fn }) => fn.max('change.id').as('id'))
    .where('change.fleet', '=', fleet)
    .where(eb =>
      eb.or([
        eb.and([eb('change.scope', '=', 'device'), eb('change.name', '=', id)]),
        eb.and([
          eb('change.scope', '<>', 'device'),
          eb('change.id', '<=', eb.fn.coalesce('own.version', 'settled.version', eb.val(0))),
          eb.or([eb('change.withdrawn', '=', 0), eb('change.id', '=', eb.ref('own.version'))]),
        ]),
      ]),
    )
    .groupBy(['change.package', 'change.scope', 'change.name'])
  return settingsIn(db, newest)
}

/** The layers of a fleet and its groups for a package, as they are for who was moved to `version`. */
export function settingsAt(
  db: Db,
  { fleet, package: name }: { readonly fleet: string; readonly package: string },
  version: number,
): Promise<Setting[]> {
  const newest = db
    .selectFrom('setting_change')
    .select(({ fn }) => fn.max('id').as('id'))
    .where('fleet', '=', fleet)
    .where('package', '=', name)
    .where('scope', '<>', 'device')
    .where('id', '<=', version)
    .where(eb => eb.or([eb('withdrawn', '=', 0), eb('id', '=', version)]))
    .groupBy(['package', 'scope', 'name'])
  return settingsIn(db, newest)
}

async function settingsIn<D, T extends keyof D>(
  db: Db,
  newest: SelectQueryBuilder<D, T, { id: number }>,
): Promise<Setting[]> {
  const rows = await db
    .selectFrom('setting_change')
    .select(['package', 'scope', 'name', 'after'])
    .where('id', 'in', newest)
    .orderBy('package')
    .orderBy('scope')
    .orderBy('name')
    .execute()
  return rows
    .map(({ after, scope, ...row }) => {
      return { ...row, scope: scope as SettingScope, values: JSON.parse(after) }
    })
    .filter(({ values }) => Object.keys(values).length > 0)
}

/** To which change the fleet as a whole has come; 0 before the first. */
export async function settledVersion(db: Db, fleet: string, name: string): Promise<number> {
  const row = await db
    .selectFrom('settled_setting')
    .select('version')
    .where('fleet', '=', fleet)
    .where('package', '=', name)
    .executeTakeFirst()
  return row?.version ?? 0
}

export async function settingChange(db: Db, id: number): Promise<SettingChange> {
  const row = await db
    .selectFrom('setting_change')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw unknown('setting/unknown-change', `change ${id} of settings`, { change: id })
  return toSettingChange(row)
}

export interface ChangePage {
  readonly fleet: string
  readonly package?: string | undefined
  /** Only those with a lower id: where the page before ended. */
  readonly before?: number | undefined
  readonly limit?: number | undefined
}

/** Changes of settings, newest first. */
export async function settingChanges(db: Db, page: ChangePage): Promise<SettingChange[]> {
  const rows = await db
    .selectFrom('setting_change')
    .selectAll()
    .where('fleet', '=', page.fleet)
    .$if(page.package !== undefined, q => q.where('package', '=', page.package ?? ''))
    .$if(page.before !== undefined, q => q.where('id', '<', page.before ?? 0))
    .orderBy('id', 'desc')
    .limit(page.limit ?? 100)
    .execute()
  return rows.map(toSettingChange)
}

type Row = Omit<SettingChange, 'scope' | 'before' | 'after' | 'withdrawn'> &
  Readonly<Record<'scope' | 'before' | 'after', string>> & { readonly withdrawn: number }

function toSettingChange({ scope, before, after, withdrawn, ...row }: Row): SettingChange {
  const values = { before: JSON.parse(before), after: JSON.parse(after) }
  return { ...row, ...values, scope: scope as SettingScope, withdrawn: withdrawn === 1 }
}
