import {
  DeviceId,
  FleetName,
  Isolation,
  IsolationRule,
  object,
  PackageName,
  RequiredParts,
} from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { FleetView } from '../views.ts'

/** All packages of the device, where none is named. */
const which = object({ package: Type.Optional(PackageName) })

export const isolateDevice = route({
  method: 'POST',
  path: '/v1/devices/:device/isolate',
  needs: 'fleet:write',
  summary:
    'Cut a device, or one of its packages, off from every network; its agent still reaches us.',
  params: object({ device: DeviceId }),
  body: which,
  reply: Isolation,
})

export const releaseDevice = route({
  method: 'POST',
  path: '/v1/devices/:device/release',
  needs: 'fleet:write',
  summary: 'Let a device, or one of its packages, use its networks again.',
  params: object({ device: DeviceId }),
  body: which,
  reply: Isolation,
})

export const setIsolationRule = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/isolation',
  needs: 'fleet:write',
  summary:
    'Say from how many denied attempts in a minute on a package is isolated by itself; empty for never.',
  params: object({ fleet: FleetName }),
  body: IsolationRule,
  reply: FleetView,
})

export const setRequiredParts = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/required-parts',
  needs: 'fleet:write',
  summary: 'Say what devices must have to confine apps with: without any of it no app is started.',
  params: object({ fleet: FleetName }),
  body: RequiredParts,
  reply: FleetView,
})
