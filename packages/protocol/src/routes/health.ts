import { DeviceId, FleetName, HealthView, object, oneOf } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'

const query = object({
  /** A day by five minutes, a month by hours, or years by days; a day where nothing is said. */
  span: Type.Optional(oneOf('day', 'month', 'years')),
})

export const getDeviceHealth = route({
  method: 'GET',
  path: '/v1/devices/:device/health',
  needs: 'fleet:read',
  summary:
    'What a device measured of itself, the oldest first: shares in thousandths, temperature in tenths of °C, signal in dBm, restarts of apps.',
  params: object({ device: DeviceId }),
  query,
  reply: Type.Array(HealthView),
})

export const getFleetHealth = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/health',
  needs: 'fleet:read',
  summary: 'The means over the devices of a fleet of what they measured, the oldest first.',
  params: object({ fleet: FleetName }),
  query,
  reply: Type.Array(HealthView),
})
