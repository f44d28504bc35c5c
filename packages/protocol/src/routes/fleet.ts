import {
  ChannelName,
  DeviceAct,
  DeviceId,
  DigestSchema,
  FleetName,
  OwnerId,
  object,
  PackageName,
  Revision,
  RolloutPolicy,
  Timestamp,
  UpdatePolicy,
} from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import {
  DeviceQuery,
  DeviceView,
  DeviceWords,
  EnvelopeView,
  FleetView,
  GroupName,
  GroupView,
  TimelineEntry,
} from '../views.ts'
import { page } from './params.ts'

/** The target path of a model statement: `acme/box/2/all`. */
const modelPattern = '^[a-z][a-z0-9-]{0,39}/[a-z][a-z0-9-]{0,39}/[1-9][0-9]{0,14}/all$'

const whichDevices = {
  query: Type.Optional(DeviceQuery),
  search: Type.Optional(DeviceWords),
}

export const listFleets = route({
  method: 'GET',
  path: '/v1/fleets',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary: 'Every fleet.',
  reply: Type.Array(FleetView),
})

export const addFleet = route({
  method: 'POST',
  path: '/v1/fleets',
  needs: 'server:administer',
  summary: 'Make another fleet of the server’s owner.',
  body: object({
    name: FleetName,
    /** Whose devices it is of; a server has one owner, and another’s is refused. */
    owner: Type.Optional(OwnerId),
    /** That of the first fleet, where nothing is said. */
    model: Type.Optional(Type.String({ pattern: modelPattern })),
    'check-in-seconds': Type.Optional(Type.Integer({ minimum: 1, maximum: 21_600 })),
    'probation-seconds': Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
  }),
  reply: FleetView,
})

export const createEnrolmentToken = route({
  method: 'POST',
  path: '/v1/fleets/:fleet/enrolment-tokens',
  needs: 'fleet:write',
  summary:
    'Make a one-time token with which one device joins. It carries the first roots’ digests.',
  params: object({ fleet: FleetName }),
  body: object({
    'valid-seconds': Type.Optional(Type.Integer({ minimum: 60, maximum: 2_592_000 })),
  }),
  reply: object({
    token: Type.String(),
    expiresAt: Timestamp,
    /** The line to paste on the machine that joins. */
    command: Type.String(),
  }),
})

export const listDevices = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/devices',
  needs: 'fleet:read',
  summary: 'Devices of a fleet that meet a query and hold all words of a search, page by page.',
  params: object({ fleet: FleetName }),
  query: object({
    ...whichDevices,
    /** Those that are decommissioned, in place of the others. */
    gone: Type.Optional(Type.Boolean()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    /** The last device of the page before. */
    after: Type.Optional(DeviceId),
  }),
  reply: Type.Array(DeviceView),
})

export const previewDevices = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/device-preview',
  needs: 'fleet:read',
  summary:
    'How many devices meet a query and a search, who is first of them, and the name of the set.',
  params: object({ fleet: FleetName }),
  query: object(whichDevices),
  reply: object({
    devices: Type.Integer({ minimum: 0 }),
    /** Of exactly these devices: an act on them carries it. */
    set: DigestSchema,
    first: Type.Array(object({ id: DeviceId, name: Type.String() })),
  }),
})

export const actOnDevices = route({
  method: 'POST',
  path: '/v1/fleets/:fleet/device-acts',
  needs: 'fleet:write',
  summary:
    'Do one thing to every device that was in a preview; refused where the set is another now.',
  params: object({ fleet: FleetName }),
  body: object({ ...whichDevices, set: DigestSchema, act: DeviceAct }),
  reply: object({ devices: Type.Integer({ minimum: 0 }) }),
})

export const actOnDevice = route({
  method: 'POST',
  path: '/v1/devices/:device/acts',
  needs: 'fleet:write',
  summary:
    'Label, note, hold, unhold, pin, unpin or decommission one device, or have it try again what failed.',
  params: object({ device: DeviceId }),
  body: object({ act: DeviceAct }),
  reply: DeviceView,
})

export const getDevice = route({
  method: 'GET',
  path: '/v1/devices/:device',
  needs: 'fleet:read',
  summary: 'One device.',
  params: object({ device: DeviceId }),
  reply: DeviceView,
})

export const getDeviceOrder = route({
  method: 'GET',
  path: '/v1/devices/:device/order',
  needs: 'fleet:read',
  summary:
    'The newest order of a device as it was signed, whether it has taken it or not; null before the first.',
  params: object({ device: DeviceId }),
  reply: Type.Union([EnvelopeView, Type.Null()]),
})

export const deviceTimeline = route({
  method: 'GET',
  path: '/v1/devices/:device/timeline',
  needs: 'fleet:read',
  summary: 'What happened on a device, newest first: what changed, when, why.',
  params: object({ device: DeviceId }),
  query: object(page),
  reply: Type.Array(TimelineEntry),
})

export const putPolicy = route({
  method: 'PUT',
  path: '/v1/owner/policy',
  needs: 'server:administer',
  summary: 'Put a newer trust policy in force, signed by the owner root.',
  body: EnvelopeView,
  reply: object({ version: Type.Integer() }),
})

export const watchOutput = route({
  method: 'GET',
  path: '/v1/devices/:device/output',
  needs: 'rollout:write',
  summary:
    'A stream of what apps on a device print, while someone watches: ten minutes or 8 MiB, then it ends.',
  params: object({ device: DeviceId }),
  reply: 'events',
})

export const listGroups = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/groups',
  needs: 'fleet:read',
  summary: 'The groups of a fleet, each a saved query, with how many devices it finds.',
  params: object({ fleet: FleetName }),
  reply: Type.Array(GroupView),
})

export const setModel = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/model',
  needs: 'fleet:write',
  summary: 'Order by another statement of the fleet’s model, which a catalogue must have.',
  params: object({ fleet: FleetName }),
  body: object({ model: Type.String({ pattern: modelPattern }) }),
  reply: FleetView,
})

export const setUpdates = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/updates',
  needs: 'fleet:write',
  summary: 'Say when the devices of a fleet may change, and how long each may put it off.',
  params: object({ fleet: FleetName }),
  body: UpdatePolicy,
  reply: FleetView,
})

export const setRollouts = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/rollouts',
  needs: 'fleet:write',
  summary: 'Say how the rollouts of a fleet go that nobody says more about.',
  params: object({ fleet: FleetName }),
  body: RolloutPolicy,
  reply: FleetView,
})

export const putGroup = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/groups/:group',
  needs: 'fleet:write',
  summary: 'Save a query over a fleet as a group. A device is in it while it meets the query.',
  params: object({ fleet: FleetName, group: GroupName }),
  body: object({ query: DeviceQuery }),
  reply: GroupView,
})

export const removeGroup = route({
  method: 'DELETE',
  path: '/v1/fleets/:fleet/groups/:group',
  needs: 'fleet:write',
  summary: 'Forget a group and the settings that were given to it.',
  params: object({ fleet: FleetName, group: GroupName }),
  reply: 'nothing',
})

const Count = Type.Integer({ minimum: 0 })

export const listShares = route({
  method: 'GET',
  path: '/v1/fleets/:fleet/shares',
  needs: 'fleet:read',
  summary: 'How much of a fleet runs the revision that each channel points at, now and over time.',
  params: object({ fleet: FleetName }),
  reply: Type.Array(
    object({
      package: PackageName,
      channel: ChannelName,
      /** Absent while the channel points nowhere. */
      revision: Type.Optional(Revision),
      devices: Count,
      fresh: Count,
      /** The oldest first: by the hour, further back by the day and by 30 days. */
      history: Type.Array(object({ at: Timestamp, seconds: Count, devices: Count, fresh: Count })),
    }),
  ),
})
