import { DeviceId, FleetName, object, Phase, SettingScope, SettingValues } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { EnvelopeView, SettingChangeView, SettingPreview, SettingView } from '../views.ts'
import { page, publisherAndName } from './params.ts'

const Phases = Type.Optional(
  Type.Array(Phase, {
    minItems: 1,
    maxItems: 20,
    description: 'Absent: those of the fleet’s policy. Of no matter where one device is set.',
  }),
)

export const getSealingKey = route({
  method: 'GET',
  path: '/v1/devices/:device/sealing-key',
  needs: 'settings:write',
  summary: 'The key to which secrets of a device are sealed, in a report that the device signed.',
  params: object({ device: DeviceId }),
  reply: object({
    publicKey: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    report: EnvelopeView,
  }),
})

/** What a change of settings began. */
const Ordered = object({
  change: Type.Integer({ minimum: 1 }),
  rollout: Type.Optional(Type.Integer({ minimum: 1 })),
  ordered: Type.Integer({ minimum: 0, description: 'Devices that were ordered by now.' }),
})

const scopeParams = {
  fleet: FleetName,
  ...publisherAndName,
  scope: SettingScope,
  target: Type.String(),
}

export const listSettings = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/settings',
  needs: 'fleet:read',
  summary: 'Every value that was set in a fleet, by scope.',
  params: object({ fleet: FleetName }),
  reply: Type.Array(SettingView),
})

export const setSettings = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/settings/:publisher/:name/:scope/:target',
  needs: 'settings:write',
  summary:
    'Set all values of a package for one device, at once, or for a group or the fleet, by a rollout.',
  params: object(scopeParams),
  body: object({ values: SettingValues, phases: Phases }),
  reply: object({ setting: SettingView, ...Ordered.properties }),
})

export const previewSettings = route({
  method: 'POST',
  path: '/v1/fleets/:fleet/settings/:publisher/:name/:scope/:target/preview',
  needs: 'settings:write',
  summary: 'Say whose apps would see other values, and which, where these were set.',
  params: object(scopeParams),
  body: object({ values: SettingValues }),
  reply: SettingPreview,
})

export const listSettingChanges = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/setting-changes',
  needs: 'fleet:read',
  summary: 'Who set what in a fleet, and when, newest first, with the values before and after.',
  params: object({ fleet: FleetName }),
  query: object({ ...page, package: Type.Optional(Type.String()) }),
  reply: Type.Array(SettingChangeView),
})

export const revertSettings = route({
  method: 'POST',
  path: '/v1/fleets/:fleet/setting-changes/:change/revert',
  needs: 'settings:write',
  summary: 'Give a scope the values again that it had before a change: itself a change.',
  params: object({ fleet: FleetName, change: Type.Integer({ minimum: 1 }) }),
  body: object({ phases: Phases }),
  reply: Ordered,
})
