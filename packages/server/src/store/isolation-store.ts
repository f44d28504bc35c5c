import type { Isolation, IsolationPolicy } from '@steadfleet/domain'
import { type DeviceRow, reportOf } from './device-store.ts'
import type { FleetRow } from './fleet-store.ts'

/** What of a device is isolated. */
export function isolationOf({ isolation }: Pick<DeviceRow, 'isolation'>): Isolation {
  return JSON.parse(isolation)
}

/** What its order says of isolation. */
export function orderedIsolationOf(device: DeviceRow, fleet: FleetRow): IsolationPolicy {
  const from = fleet.isolate_from
  // What a report tells of was isolated when it came: where it is not now, somebody has released it.
  const known = Object.values(reportOf(device)?.isolated ?? {}).sort()
  return {
    ...isolationOf(device),
    ...(from !== null && { 'denied-per-minute': from }),
    ...(known.length > 0 && { known }),
  }
}
