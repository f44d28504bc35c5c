import {
  effectiveSettings,
  fittingSettings,
  type SettingDeclarations,
  type SettingScope,
  type SettingValues,
  type StateReport,
} from '@steadfleet/domain'
import type { GroupConditions } from '@steadfleet/protocol'
import { type DeviceRow, reportOf } from '../store/device-store.ts'
import { type Group, groupsOf } from '../store/fleet-store.ts'
import type { Db } from '../store/schema.ts'
import { type Setting, settingsGivenTo } from '../store/setting-store.ts'

/** What a device is to have of one package, under what its release declares. */
export async function effectiveFor(
  db: Db,
  device: DeviceRow,
  name: string,
  declared: SettingDeclarations,
): Promise<SettingValues> {
  const given = (await settingsGivenTo(db, device)).filter(one => one.package === name)
  const values = valuesOf(given, await groupsOf(db, device.fleet), device)
  return effectiveSettings(declared, fittingSettings(declared, values))
}

type Grouped = Pick<DeviceRow, 'id' | 'model' | 'architecture' | 'name' | 'report'>

/** Weakest first: a device's own value beats its groups', that its fleet's. */
const precedence: readonly SettingScope[] = ['fleet', 'group', 'device']

/** What a device gets of one package; of two groups that it is in the later by name wins. */
export function valuesOf(
  settings: readonly Setting[],
  groups: readonly Group[],
  device: Grouped,
): SettingValues {
  const concerns: Readonly<Record<SettingScope, (name: string) => boolean>> = {
    fleet: () => true,
    group: name => groups.some(group => group.name === name && isInGroup(device, group.conditions)),
    device: name => name === device.id,
  }
  const layers = precedence.flatMap(scope =>
    settings
      .filter(setting => setting.scope === scope && concerns[scope](setting.name))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
  )
  return Object.assign({}, ...layers.map(({ values }) => values))
}

/** Whether a device meets every condition of a group. */
export function isInGroup(
  device: Pick<DeviceRow, 'model' | 'architecture' | 'name' | 'report'>,
  conditions: GroupConditions,
): boolean {
  const { model, architecture, attributes = {} } = conditions
  const report: StateReport | undefined = reportOf(device)
  return (
    (model === undefined || model === device.model) &&
    (architecture === undefined || architecture === device.architecture) &&
    device.name.startsWith(conditions['name-prefix'] ?? '') &&
    Object.entries(attributes).every(([name, value]) => report?.attributes[name] === value)
  )
}
