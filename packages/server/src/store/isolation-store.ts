import type { Isolation, IsolationPolicy } from '@steadfleet/domain'
import type { DeviceRow } from './device-store.ts'
import type { FleetRow } from './fleet-store.ts'

/** What of a device is isolated. */
export function isolationOf({ isolation }: Pick<DeviceRow, 'isolation'>): Isolation {
  return JSON.parse(isolation)
}

/** What its order says of isolation. */
export function orderedIsolationOf(device: DeviceRow, fleet: FleetRow): IsolationPolicy {
  const from = fleet.isolate_from
  return { ...isolationOf(device), ...(from !== null && { 'denied-per-minute': from }) }
}
