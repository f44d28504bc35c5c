import {
  effectiveSettings,
  fittingSettings,
  type SettingDeclarations,
  type SettingValues,
} from '@steadfleet/domain'
import { groupMembers } from '../store/device-search.ts'
import type { DeviceRow } from '../store/device-store.ts'
import type { Db } from '../store/schema.ts'
import { type Setting, settingsAt, settingsOf, settledVersion } from '../store/setting-store.ts'
import { valuesOf } from './given-settings.ts'

/** A device whose apps would see other values. */
export interface Affected {
  readonly id: string
  readonly name: string
  /** The change of settings that it was moved to before. */
  readonly version: number
  readonly before: SettingValues
  readonly after: SettingValues
}

export interface OfPackage {
  readonly fleet: string
  readonly package: string
  readonly declared: SettingDeclarations
  /** By which groups of time are judged. */
  readonly now: Date
}

/** Whose values would differ under `next`, all of the package's layers, and how; as they joined the fleet. */
export async function affectedBy(
  db: Db,
  of: OfPackage,
  next: readonly Setting[],
): Promise<Affected[]> {
  const groupsOf = await groupMembers(db, of.fleet, of.now)
  const own = (await settingsOf(db, of.fleet, of.package)).filter(({ scope }) => scope === 'device')
  const rows = await devicesWith(db, of)
  const settled = await settledVersion(db, of.fleet, of.package)
  const held = new Map<number, readonly Setting[]>()
  for (const version of new Set(rows.map(row => row.version ?? settled))) {
    held.set(version, [...(await settingsAt(db, of, version)), ...own])
  }
  const seen = (settings: readonly Setting[], row: Row): SettingValues =>
    effectiveSettings(
      of.declared,
      fittingSettings(of.declared, valuesOf(settings, groupsOf(row.id), row.id)),
    )
  return rows.flatMap(row => {
    const version = row.version ?? settled
    const before = seen(held.get(version) ?? [], row)
    const after = seen(next, row)
    const isSame = Object.keys(of.declared).every(name => before[name] === after[name])
    return isSame ? [] : [{ id: row.id, name: row.name, version, before, after }]
  })
}

type Row = Pick<DeviceRow, 'id' | 'name'> & {
  readonly version: number | null
}

/** The devices of a fleet that shall run a package, with how far its settings were moved on each. */
function devicesWith(db: Db, { fleet, package: name }: OfPackage): Promise<Row[]> {
  return db
    .selectFrom('device')
    .innerJoin('device_package', 'device_package.device', 'device.id')
    .leftJoin('device_setting', join =>
      join
        .onRef('device_setting.device', '=', 'device.id')
        .onRef('device_setting.package', '=', 'device_package.package'),
    )
    .select(['device.id', 'device.name', 'device_setting.version'])
    .where('device.fleet', '=', fleet)
    .where('device.gone_at', 'is', null)
    .where('device_package.package', '=', name)
    .orderBy('device.number')
    .execute()
}
