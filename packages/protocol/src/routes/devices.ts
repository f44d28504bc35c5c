import { DeviceClaim, DeviceEvent, DeviceId, HealthPoints, mapOf, object } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { EnvelopeView } from '../views.ts'

/** Base64 of a document's exact bytes, for documents that are signed and must arrive unchanged. */
const Document = Type.String({ contentEncoding: 'base64' })

export const enrolDevice = route({
  method: 'POST',
  path: '/v1/enrol',
  needs: 'anyone',
  summary: 'Join a fleet with a one-time token. The request is signed by the key it names.',
  body: object({ token: Type.String({ minLength: 20, maxLength: 200 }), claim: DeviceClaim }),
  reply: object({
    device: DeviceId,
    fleet: Type.String(),
    /** The first roots; the device holds them against the digests in its token, never trusts them. */
    catalogueRoot: Document,
    ownerRoot: Document,
    policy: EnvelopeView,
  }),
})

/** An X25519 public key, in hexadecimal. */
const Share = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const openDeviceSession = route({
  method: 'POST',
  path: '/v1/devices/self/session',
  needs: 'device',
  summary: 'Agree on a key for the requests of some hours. Signed by the device key itself.',
  body: object({ key: Share }),
  reply: object({
    /** Under which the requests are signed. */
    session: Type.String({ minLength: 20, maxLength: 40 }),
    key: Share,
    /** How long the server goes by it; a device is told when it is over, and needs no clock. */
    seconds: Type.Integer({ minimum: 1 }),
  }),
})

/** Versions of a catalogue's files. */
const HeldVersions = object({
  root: Type.Integer({ minimum: 0 }),
  timestamp: Type.Integer({ minimum: 0 }),
})

/** Files of a catalogue that a device lacks: the roots after the one it holds, and the timestamp. */
const NewerFiles = object({
  roots: Type.Optional(Type.Array(Document)),
  timestamp: Type.Optional(Document),
})

export const checkIn = route({
  method: 'POST',
  path: '/v1/devices/self/check-in',
  needs: 'device',
  summary: 'Say what the device runs and hear what it shall run.',
  body: object({
    /** DSSE over a StateReport, signed by the device. */
    report: Type.Optional(EnvelopeView),
    /** In its place: the number of the last report, which still holds word for word but for its time. */
    unchanged: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Events since the last acknowledged one, oldest first. */
    events: Type.Array(DeviceEvent, { maxItems: 200 }),
    /** What the device holds of each catalogue, by the name that its policy has for it; 0 for nothing. */
    catalogues: Type.Optional(mapOf(HeldVersions, { maxProperties: 64 })),
    /** What the device measured since the last check-in that was answered. */
    health: Type.Optional(HealthPoints),
  }),
  reply: object({
    /** The highest event sequence that is stored for good; the device may forget up to it. */
    acknowledged: Type.Integer({ minimum: 0 }),
    /** The newest order where its counter is above the one the report names. */
    order: Type.Union([EnvelopeView, Type.Null()]),
    /** Highest version of the owner root; a device that holds a lower one fetches the steps. */
    ownerRootVersion: Type.Integer({ minimum: 1 }),
    policyVersion: Type.Integer({ minimum: 1 }),
    /** What is newer of the catalogues named; with nothing newer the refresh is over with this reply. */
    catalogues: Type.Optional(mapOf(NewerFiles)),
    now: Type.String(),
  }),
})

export const deviceEvents = route({
  method: 'GET',
  path: '/v1/devices/self/events',
  needs: 'device',
  summary: 'A stream that only says "look now". Losing it costs time, never safety.',
  reply: 'events',
})

export const developerLog = route({
  method: 'POST',
  path: '/v1/devices/self/output',
  needs: 'device',
  summary: 'Lines an app on a development device printed, for whoever is trying it.',
  body: object({
    package: Type.String(),
    app: Type.String(),
    lines: Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 500 }),
  }),
  reply: object({ watched: Type.Boolean() }),
})
