import { getDeviceHealth, getFleetHealth } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { deviceWithId } from '../store/device-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { healthOf, healthOfFleet } from '../store/health-store.ts'

/** How devices are, and were. */
export function handleHealth(handle: Handle, { store: { db }, world }: House): void {
  handle(getDeviceHealth, async ({ params: { device }, query: { span = 'day' } }) => {
    await deviceWithId(db, device)
    return healthOf(db, device, span)
  })
  handle(getFleetHealth, async ({ params: { fleet }, query: { span = 'day' } }) => {
    await fleetNamed(db, fleet)
    return healthOfFleet(db, fleet, span, world.now())
  })
}
