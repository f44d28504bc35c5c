import {
  ChannelName,
  DeviceId,
  FleetName,
  MoveState,
  object,
  PackageName,
  Phase,
  PlacedMove,
  Revision,
  Rollout,
  Timestamp,
} from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { ChannelView, ReleaseView } from '../views.ts'
import { publisherAndName } from './params.ts'

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
    'starts-at': Type.Optional(Timestamp),
    'restore-data': Type.Optional(
      Type.Boolean({
        description:
          'A device that goes back takes up the data that the release left there, and refuses without.',
      }),
    ),
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
  isAcrossFleets: true,
  summary: 'Rollouts, newest first.',
  reply: Type.Array(Rollout),
})

export const getRollout = route({
  method: 'GET',
  path: '/v1/rollouts/:rollout',
  needs: 'fleet:read',
  summary: 'One rollout: how far it is, and what speaks against it.',
  params: object({ rollout: Type.Integer({ minimum: 1 }) }),
  reply: Rollout,
})

export const listMoves = route({
  method: 'GET',
  path: '/v1/rollouts/:rollout/moves',
  needs: 'fleet:read',
  summary: 'Devices of a rollout in the order in which it moves them, page by page.',
  params: object({ rollout: Type.Integer({ minimum: 1 }) }),
  query: object({
    phase: Type.Optional(Type.Integer({ minimum: 0, maximum: 19 })),
    state: Type.Optional(MoveState),
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'The `position` of the last one of the page before.',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  }),
  reply: Type.Array(PlacedMove),
})

export const steerRollout = route({
  method: 'POST',
  path: '/v1/rollouts/:rollout/:event',
  needs: 'rollout:write',
  summary: 'Approve, start, pause, resume or cancel a rollout.',
  params: object({
    rollout: Type.Integer({ minimum: 1 }),
    event: Type.String({ pattern: '^(approve|start|pause|resume|cancel)$' }),
  }),
  reply: Rollout,
})
