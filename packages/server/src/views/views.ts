import type { Digest } from '@steadfleet/base'
import type { ChannelName, DeviceId, FleetName, PackageName } from '@steadfleet/domain'
import {
  type ChannelView,
  type DeviceView,
  type FailureView,
  type FleetView,
  type GroupView,
  mayBring,
  type ReleaseView,
  type SettingChangeView,
  type SettingView,
  type TimelineEntry,
  toLogLine,
} from '@steadfleet/protocol'
import type { House } from '../house.ts'
import { countDevices } from '../store/device-search.ts'
import {
  type DeviceRow,
  devicesOf,
  type EventRow,
  namedDevices,
  reportOf,
} from '../store/device-store.ts'
import {
  type FleetRow,
  type Group,
  packagesOf,
  requiredPartsOf,
  rolloutPolicyOf,
  updatesOf,
} from '../store/fleet-store.ts'
import { isolationOf } from '../store/isolation-store.ts'
import { labelsOf, pinsOf } from '../store/label-store.ts'
import { allChannels, type ChannelRow, type StoredRelease } from '../store/release-store.ts'
import type { Setting, SettingChange } from '../store/setting-store.ts'

export async function toDeviceView(house: House, row: DeviceRow): Promise<DeviceView> {
  const [view] = await toDeviceViews(house, [row])
  return view as DeviceView
}

/** Devices with what people say of them, which is asked for of all together. */
export async function toDeviceViews(
  house: House,
  rows: readonly DeviceRow[],
): Promise<DeviceView[]> {
  const ids = rows.map(({ id }) => id)
  const labels = await labelsOf(house.store.db, ids)
  const pins = await pinsOf(house.store.db, ids)
  return rows.map(row => {
    const pinned = pins.get(row.id)
    return {
      ...toPlainView(house, row),
      labels: labels.get(row.id) ?? {},
      ...(pinned && { pins: pinned }),
    }
  })
}

function toPlainView(house: House, row: DeviceRow): Omit<DeviceView, 'labels' | 'pins'> {
  const report = reportOf(row)
  const releases = report?.releases ?? []
  const policy = house.owner.policy().signed
  return {
    id: row.id as DeviceId,
    name: row.name,
    fleet: row.fleet as FleetName,
    model: row.model,
    architecture: row.architecture as DeviceView['architecture'],
    state: report?.state ?? 'committed',
    generation: report?.generation ?? 0,
    counter: row.counter,
    orderedCounter: row.ordered_counter,
    releases,
    disallowed: releases.map(one => one.package).filter(name => !mayBring(policy, name)),
    apps: report?.apps ?? [],
    waiting: report?.waiting ?? null,
    attributes: report?.attributes ?? {},
    online: house.presence.isOnline(row, house.world.now()),
    log: toLogLine(policy.log),
    enrolledAt: row.enrolled_at,
    seenAt: row.seen_at,
    silentSince: row.silent_since,
    ...(row.isolation !== '{}' && { isolation: isolationOf(row) }),
    ...(row.note !== '' && { note: row.note }),
    ...(row.held_at !== null && { heldSince: row.held_at }),
    ...(row.gone_at !== null && { goneSince: row.gone_at }),
  }
}

export function toTimelineEntry(row: EventRow): TimelineEntry {
  const { id, device, received_at, event, evidence } = row
  const hasEvidence = evidence !== null
  return { id, device: device as DeviceId, receivedAt: received_at, event, hasEvidence }
}

export async function toFailureViews(
  house: House,
  rows: readonly EventRow[],
): Promise<FailureView[]> {
  const devices = await namedDevices(
    house.store.db,
    rows.map(({ device }) => device),
  )
  return rows.flatMap(({ id, device, event }) => {
    const { failure, at } = event
    const { name: deviceName, fleet } = devices.get(device) ?? { name: device, fleet: '' }
    const named = { device: device as DeviceId, deviceName, fleet: fleet as FleetName }
    return failure ? [{ id, ...named, at, failure }] : []
  })
}

export async function toReleaseViews(
  house: House,
  releases: readonly StoredRelease[],
): Promise<ReleaseView[]> {
  const channels = await allChannels(house.store.db)
  return releases.map(release => toReleaseView(release, channels))
}

export function toChannelView(row: ChannelRow): ChannelView {
  return {
    package: row.package as PackageName,
    channel: row.channel as ChannelName,
    revision: row.revision,
    movedAt: row.moved_at,
  }
}

export async function toFleetView(house: House, row: FleetRow): Promise<FleetView> {
  const devices = await devicesOf(house.store.db, row.name)
  const now = house.world.now()
  return {
    name: row.name as FleetName,
    owner: row.owner,
    model: row.model,
    devices: devices.length,
    online: devices.filter(device => house.presence.isOnline(device, now)).length,
    silent: devices.filter(device => device.silent_since !== null).length,
    checkInSeconds: row.check_in_seconds,
    updates: updatesOf(row),
    rollouts: rolloutPolicyOf(row),
    ...(row.probation_seconds !== null && { probationSeconds: row.probation_seconds }),
    ...(row.isolate_from !== null && { isolateFrom: row.isolate_from }),
    require: [...requiredPartsOf(row)],
    packages: (await packagesOf(house.store.db, row.name)).map(followed => ({
      package: followed.package as PackageName,
      channel: followed.channel as ChannelName,
    })),
  }
}

export async function toGroupView(
  { store, world }: House,
  fleet: string,
  { name, query }: Group,
): Promise<GroupView> {
  return { name, query, devices: await countDevices(store.db, { fleet, query, now: world.now() }) }
}

export function toSettingView(setting: Setting): SettingView {
  return { ...setting, package: setting.package as PackageName }
}

export function toSettingChangeView(change: SettingChange): SettingChangeView {
  const { fleet: _, rollout, withdrawn, by, ...row } = change
  return {
    ...row,
    package: row.package as PackageName,
    by: by || 'before changes were kept',
    ...(rollout !== null && { rollout }),
    ...(withdrawn && { withdrawn: true as const }),
  }
}

function toReleaseView(
  { record, digest, length, publishedAt }: StoredRelease,
  channels: readonly ChannelRow[],
): ReleaseView {
  const pointing = channels.filter(
    row => row.package === record.package && row.revision === record.revision,
  )
  return {
    package: record.package,
    revision: record.revision,
    version: record.version,
    architecture: record.architecture,
    record: { digest: digest as Digest, length },
    tree: record.tree,
    size: record.size,
    sbom: record.sbom,
    provenance: record.provenance,
    ...(record.hygiene && { hygiene: record.hygiene }),
    publishedAt,
    channels: pointing.map(({ channel }) => channel as ChannelName),
  }
}
