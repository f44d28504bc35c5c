import { type DeviceId, type PackageName, toTimestamp } from '@steadfleet/domain'
import {
  isolateDevice,
  releaseDevice,
  setIsolationRule,
  setRequiredParts,
} from '@steadfleet/protocol'
import { announce } from '../announce.ts'
import type { House } from '../house.ts'
import type { Write } from '../http/acting.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf } from '../http/permissions.ts'
import { deviceWithId } from '../store/device-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { isolationOf } from '../store/isolation-store.ts'
import { toFleetView } from '../views/views.ts'

/** Cutting devices and packages off from their networks, and letting them go again. */
export function handleIsolation(handle: Handle, house: House): void {
  const { store, world } = house

  const act = async (
    { device, package: name, by }: { device: DeviceId; package?: PackageName; by: string },
    isIsolated: boolean,
    write: Write,
  ) => {
    const now = toTimestamp(world.now())
    await write('setIsolation', { device, package: name, isIsolated, by, now })
    await house.orderer.nudge()
    announce(house, 'device', { device })
    return isolationOf(await deviceWithId(store.db, device))
  }

  handle(isolateDevice, async ({ params, body, caller, write }) =>
    act({ ...params, ...body, by: nameOf(caller) }, true, write),
  )

  handle(releaseDevice, async ({ params, body, caller, write }) =>
    act({ ...params, ...body, by: nameOf(caller) }, false, write),
  )

  handle(setIsolationRule, async ({ params: { fleet }, body, write }) => {
    const from = body['denied-per-minute'] ?? null
    await write('setIsolationRule', { fleet, from })
    await house.orderer.nudge()
    announce(house, 'devices', { fleet })
    return toFleetView(house, await fleetNamed(store.db, fleet))
  })

  handle(setRequiredParts, async ({ params: { fleet }, body, write }) => {
    await write('setRequiredParts', { fleet, parts: body.require })
    await house.orderer.nudge()
    announce(house, 'devices', { fleet })
    return toFleetView(house, await fleetNamed(store.db, fleet))
  })
}
