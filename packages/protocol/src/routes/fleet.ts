import {
  ChannelName,
  DeviceId,
  FleetName,
  object,
  PackageName,
  Phase,
  Revision,
  Rollout,
  SettingScope,
  SettingValues,
  Timestamp,
} from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import {
  ChannelView,
  DeviceView,
  EnvelopeView,
  FailureView,
  FleetView,
  GroupConditions,
  GroupName,
  GroupView,
  ReleaseView,
  SettingView,
  TimelineEntry,
} from '../views.ts'

const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  after: Type.Optional(Type.Integer()),
}
const publisherAndName = {
  publisher: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
  name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
}

export const signIn = route({
  method: 'POST',
  path: '/v1/sign-in',
  needs: 'anyone',
  summary: 'Trade a one-time sign-in token for a session cookie.',
  body: object({ token: Type.String({ minLength: 20, maxLength: 200 }) }),
  reply: object({ name: Type.String() }),
})

export const signOut = route({
  method: 'POST',
  path: '/v1/sign-out',
  needs: 'anyone',
  summary: 'End this session.',
  reply: 'nothing',
})

export const whoAmI = route({
  method: 'GET',
  path: '/v1/session',
  needs: 'fleet:read',
  summary: 'Who is signed in, and the server they look at.',
  reply: object({
    name: Type.String(),
    owner: Type.String(),
    log: Type.String(),
    version: Type.String(),
  }),
})

export const createSignInLink = route({
  method: 'POST',
  path: '/v1/sign-in-links',
  needs: 'fleet:write',
  summary: 'Make a one-time token with which a browser signs in.',
  reply: object({ token: Type.String(), expiresAt: Timestamp }),
})

export const serverEvents = route({
  method: 'GET',
  path: '/v1/events',
  needs: 'fleet:read',
  summary: 'A stream for people: what changed, by topic, so that a view asks again.',
  reply: 'events',
})

export const listFleets = route({
  method: 'GET',
  path: '/v1/fleets',
  needs: 'fleet:read',
  summary: 'Every fleet.',
  reply: Type.Array(FleetView),
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
  summary: 'Devices of a fleet.',
  params: object({ fleet: FleetName }),
  reply: Type.Array(DeviceView),
})

export const getDevice = route({
  method: 'GET',
  path: '/v1/devices/:device',
  needs: 'fleet:read',
  summary: 'One device.',
  params: object({ device: DeviceId }),
  reply: DeviceView,
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

export const listReleases = route({
  method: 'GET',
  path: '/v1/releases',
  needs: 'release:read',
  summary: 'Releases of every package, newest first.',
  query: object({ package: Type.Optional(PackageName) }),
  reply: Type.Array(ReleaseView),
})

export const listChannels = route({
  method: 'GET',
  path: '/v1/channels',
  needs: 'release:read',
  summary: 'Where every channel points.',
  reply: Type.Array(ChannelView),
})

export const moveChannel = route({
  method: 'PUT',
  path: '/v1/packages/:publisher/:name/channels/:track/:risk',
  needs: 'rollout:write',
  summary: 'Point a channel at a revision; a rollout starts in every fleet that follows it.',
  params: object({
    ...publisherAndName,
    track: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,39}$' }),
    risk: Type.String({ pattern: '^(stable|candidate|beta|edge)$' }),
  }),
  body: object({
    revision: Revision,
    phases: Type.Optional(Type.Array(Phase, { minItems: 1, maxItems: 20 })),
  }),
  reply: object({ channel: ChannelView, rollouts: Type.Array(Rollout) }),
})

export const followChannel = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/packages/:publisher/:name',
  needs: 'fleet:write',
  summary: 'Let a fleet run a package, following a channel.',
  params: object({ fleet: FleetName, ...publisherAndName }),
  body: object({ channel: ChannelName }),
  reply: object({ rollouts: Type.Array(Rollout) }),
})

export const unfollowPackage = route({
  method: 'DELETE',
  path: '/v1/fleets/:fleet/packages/:publisher/:name',
  needs: 'fleet:write',
  summary: 'Remove a package from a fleet. A package the model requires is refused.',
  params: object({ fleet: FleetName, ...publisherAndName }),
  reply: 'nothing',
})

export const tryRelease = route({
  method: 'PUT',
  path: '/v1/devices/:device/packages/:publisher/:name',
  needs: 'rollout:write',
  summary: 'Order one revision on one device, outside any rollout.',
  params: object({ device: DeviceId, ...publisherAndName }),
  body: object({ revision: Revision }),
  reply: object({ counter: Type.Integer() }),
})

export const listRollouts = route({
  method: 'GET',
  path: '/v1/rollouts',
  needs: 'fleet:read',
  summary: 'Rollouts, newest first.',
  reply: Type.Array(Rollout),
})

export const getRollout = route({
  method: 'GET',
  path: '/v1/rollouts/:rollout',
  needs: 'fleet:read',
  summary: 'One rollout with every device it moves.',
  params: object({ rollout: Type.Integer({ minimum: 1 }) }),
  reply: Rollout,
})

export const steerRollout = route({
  method: 'POST',
  path: '/v1/rollouts/:rollout/:event',
  needs: 'rollout:write',
  summary: 'Pause, resume or cancel a rollout.',
  params: object({
    rollout: Type.Integer({ minimum: 1 }),
    event: Type.String({ pattern: '^(pause|resume|cancel)$' }),
  }),
  reply: Rollout,
})

export const listFailures = route({
  method: 'GET',
  path: '/v1/failures',
  needs: 'fleet:read',
  summary: 'Failures that devices reported, newest first, with their last log lines.',
  query: object(page),
  reply: Type.Array(FailureView),
})

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
  summary: 'Set values of a package for the fleet, a group or a device, and order the change.',
  params: object({
    fleet: FleetName,
    ...publisherAndName,
    scope: SettingScope,
    target: Type.String(),
  }),
  body: object({ values: SettingValues }),
  reply: object({ setting: SettingView, ordered: Type.Integer({ minimum: 0 }) }),
})

export const putPolicy = route({
  method: 'PUT',
  path: '/v1/owner/policy',
  needs: 'fleet:write',
  summary: 'Put a newer trust policy in force, signed by the owner root.',
  body: EnvelopeView,
  reply: object({ version: Type.Integer() }),
})

export const watchOutput = route({
  method: 'GET',
  path: '/v1/devices/:device/output',
  needs: 'rollout:write',
  summary: 'A stream of what apps on a development device print, while someone watches.',
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

export const putGroup = route({
  method: 'PUT',
  path: '/v1/fleets/:fleet/groups/:group',
  needs: 'fleet:write',
  summary: 'Save a query over a fleet as a group. A device is in it while it meets each condition.',
  params: object({ fleet: FleetName, group: GroupName }),
  body: object({ conditions: GroupConditions }),
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

export const health = route({
  method: 'GET',
  path: '/v1/health',
  needs: 'anyone',
  summary: 'Whether the server answers, writes and signs.',
  reply: object({ ok: Type.Boolean(), version: Type.String(), signer: Type.Boolean() }),
})

export const readMetrics = route({
  method: 'GET',
  path: '/metrics',
  needs: 'fleet:read',
  isOpenToItsMachine: true,
  summary: 'Figures for Prometheus. Whoever asks from the server’s own machine needs no name.',
  reply: 'bytes',
})

export const openApiDocument = route({
  method: 'GET',
  path: '/v1/openapi.json',
  needs: 'anyone',
  summary: 'This interface as an OpenAPI 3.1 document.',
  reply: Type.Unknown(),
})
