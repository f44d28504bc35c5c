import {
  effectiveSettings,
  fittingSettings,
  type SettingDeclarations,
  type SettingScope,
  type SettingValues,
} from '@steadfleet/domain'
import { groupsWith } from '../store/device-search.ts'
import type { DeviceRow } from '../store/device-store.ts'
import type { Db } from '../store/schema.ts'
import { type Setting, settingsGivenTo } from '../store/setting-store.ts'

/** What a device is to have of one package, under what its release declares. */
export async function effectiveFor(
  db: Db,
  device: DeviceRow,
  name: string,
  { declared, now }: { readonly declared: SettingDeclarations; readonly now: Date },
): Promise<SettingValues> {
  const given = (await settingsGivenTo(db, device)).filter(one => one.package === name)
  const values = valuesOf(given, await groupsWith(db, device, now), device.id)
  return effectiveSettings(declared, fittingSettings(declared, values))
}

/** Weakest first: a device's own value beats its groups', that its fleet's. */
const precedence: readonly SettingScope[] = ['fleet', 'group', 'device']

/** What a device gets of one package; of two groups that it is in, which are given, the later by name wins. */
export function valuesOf(
  settings: readonly Setting[],
  groups: readonly string[],
  device: string,
): SettingValues {
  const concerns: Readonly<Record<SettingScope, (name: string) => boolean>> = {
    fleet: () => true,
    group: name => groups.includes(name),
    device: name => name === device,
  }
  const layers = precedence.flatMap(scope =>
    settings
      .filter(setting => setting.scope === scope && concerns[scope](setting.name))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
  )
  return Object.assign({}, ...layers.map(({ values }) => values))
}
