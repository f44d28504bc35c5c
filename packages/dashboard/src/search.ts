import type { DeviceView, GroupView } from '@steadfleet/protocol'
import { changeMeanings, type Tone } from './tone.ts'

const byNumber = { numeric: true }

/** The quick choices above the list of devices. */
export const presences = ['all', 'online', 'offline', 'silent'] as const
export type Presence = (typeof presences)[number]

/** What a person asks of the list of devices. */
export interface DeviceSearch {
  readonly text: string
  readonly presence: Presence
  readonly group: GroupView | undefined
}

/** The devices that meet a search, by name. */
export function findDevices(devices: readonly DeviceView[], search: DeviceSearch): DeviceView[] {
  return devices
    .filter(device => hasText(device, search.text.trim().toLowerCase()))
    .filter(device => hasPresence(device, search.presence))
    .filter(device => !search.group || isInGroup(device, search.group))
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', byNumber))
}

/** True while a device meets each condition of a group. */
export function isInGroup(
  device: DeviceView,
  { conditions }: Pick<GroupView, 'conditions'>,
): boolean {
  const { model, architecture, attributes = {} } = conditions
  return (
    (model === undefined || device.model === model) &&
    (architecture === undefined || device.architecture === architecture) &&
    device.name.startsWith(conditions['name-prefix'] ?? '') &&
    Object.entries(attributes).every(([key, value]) => device.attributes[key] === value)
  )
}

function hasText(device: DeviceView, text: string): boolean {
  const said = [
    device.name,
    device.id,
    device.model,
    device.state,
    ...device.releases.flatMap(release => [release.package, release.version]),
    ...Object.values(device.attributes),
  ]
  return said.some(each => each.toLowerCase().includes(text))
}

function hasPresence(device: DeviceView, presence: Presence): boolean {
  switch (presence) {
    case 'all':
      return true
    case 'online':
      return device.online
    case 'offline':
      return !device.online
    case 'silent':
      return device.silentSince !== null
  }
}

/** The devices that want a look first: in rescue, silent, gone back, offline; then by name. */
export function worstFirst(devices: readonly DeviceView[]): DeviceView[] {
  return devices.toSorted(
    (a, b) => unease(b) - unease(a) || a.name.localeCompare(b.name, 'en', byNumber),
  )
}

const weights = { bad: 8, warn: 2, busy: 0, good: 0, quiet: 0 } as const satisfies Record<
  Tone,
  number
>

function unease(device: DeviceView): number {
  const silence = device.silentSince === null ? 0 : 4
  return weights[changeMeanings[device.state].tone] + silence + (device.online ? 0 : 1)
}
