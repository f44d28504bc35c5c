import { DeviceEvent, DeviceId, FleetName, object, Timestamp } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { EnvelopeView, TimelineEntry } from '../views.ts'

/** Whose security events are asked for: of all that is there, where nothing is said. */
const whose = {
  fleet: Type.Optional(FleetName),
  device: Type.Optional(DeviceId),
}

export const listSecurityEvents = route({
  method: 'GET',
  path: '/v1/security-events',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary: 'What devices refused, newest first, each named by its code.',
  query: object({
    ...whose,
    code: Type.Optional(Type.String({ maxLength: 100 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    after: Type.Optional(Type.Integer()),
  }),
  reply: Type.Array(TimelineEntry),
})

export const countSecurityEvents = route({
  method: 'GET',
  path: '/v1/security-events/counts',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary: 'How often devices refused something, by code, the most frequent first.',
  query: object(whose),
  reply: Type.Array(
    object({
      code: Type.String(),
      count: Type.Integer({ minimum: 1 }),
      devices: Type.Integer({ minimum: 1 }),
      newest: Timestamp,
    }),
  ),
})

export const getEventEvidence = route({
  method: 'GET',
  path: '/v1/security-events/:event/evidence',
  needs: 'fleet:read',
  summary: 'The report that a device signed over a security event, and the key to check it by.',
  params: object({ event: Type.Integer({ minimum: 1 }) }),
  reply: object({
    device: DeviceId,
    /** Raw Ed25519 public key, lower-case hexadecimal; the device's id is made of it. */
    publicKey: Type.String(),
    event: DeviceEvent,
    /** DSSE over a StateReport that has the event's digest among its `events`. */
    report: EnvelopeView,
  }),
})
