import { type Digest, digestOf, toDocument } from '@steadfleet/base'
import { type Static, Type } from 'typebox'
import {
  Architecture,
  DeviceId,
  DigestSchema,
  PackageName,
  Revision,
  Timestamp,
} from './identifiers.ts'
import { OwnIsolations } from './isolation.ts'
import { Waiting } from './own-say.ts'
import { mapOf, object, oneOf, parserOf } from './schema.ts'

/** The states of a change, as the design's diagram draws them. */
export const ChangeState = oneOf(
  'planned',
  'preparing',
  'ready',
  'activating',
  'probation',
  'committed',
  'aborted',
  'rolling back',
  'restored',
  'rescue',
)
export type ChangeState = Static<typeof ChangeState>

export const AppState = oneOf('starting', 'running', 'backing off', 'exited', 'stopped', 'failed')
export type AppState = Static<typeof AppState>

/** What a device runs of one package: the tree is what a rollout counts. */
export const InstalledRelease = object({
  package: PackageName,
  revision: Revision,
  version: Type.String(),
  tree: DigestSchema,
  settings: Type.Optional(
    Type.Unsafe<Digest>({
      ...DigestSchema,
      description: 'Of the values its apps see; absent where the agent is too old to say.',
    }),
  ),
})
export type InstalledRelease = Static<typeof InstalledRelease>

export const AppStatus = object({
  package: PackageName,
  app: Type.String(),
  state: AppState,
  restarts: Type.Integer({ minimum: 0 }),
})
export type AppStatus = Static<typeof AppStatus>

/**
 * How an app ended, or a change failed. `postponed` is a change given up before it touched anything
 * through no doing of its release, to be tried again. `log` is the tail of what the app said, scrubbed of secrets
 * on the device.
 */
export const Failure = object({
  kind: oneOf('probation', 'crash', 'change', 'postponed', 'out of memory'),
  package: PackageName,
  app: Type.Optional(Type.String()),
  revision: Revision,
  reason: Type.String({ maxLength: 1000 }),
  exit: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
  log: Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 100 }),
  journal: Type.Optional(
    Type.Array(Type.String({ maxLength: 300 }), {
      maxItems: 100,
      description: 'How far the change was that failed, step by step.',
    }),
  ),
})
export type Failure = Static<typeof Failure>

/**
 * One thing that happened on a device. `sequence` rises by one, so that a repeat is known as one; it is
 * 0 of what the server noted about the device.
 */
export const DeviceEvent = object({
  sequence: Type.Integer({ minimum: 0 }),
  at: Timestamp,
  kind: oneOf('change', 'app', 'failure', 'security', 'agent', 'server'),
  message: Type.String({ maxLength: 1000 }),
  code: Type.Optional(Type.String({ description: 'Of a refusal or an error: its code.' })),
  generation: Type.Optional(Type.Integer({ minimum: 0 })),
  state: Type.Optional(ChangeState),
  failure: Type.Optional(Failure),
  details: Type.Optional(mapOf(Type.Union([Type.String(), Type.Integer(), Type.Boolean()]))),
})
export type DeviceEvent = Static<typeof DeviceEvent>

/** The name of an event by its content: by it a signed report vouches for the events sent with it. */
export function digestOfEvent(event: DeviceEvent): Digest {
  return digestOf(toDocument(event))
}

/** After so long a device asks that nobody calls, unless its order says otherwise. */
export const usualCheckInSeconds = 900

/** What a device says about itself; signed by it (DSSE), it is evidence. */
export const StateReport = object({
  type: Type.Literal('report'),
  format: Type.Literal(1),
  device: DeviceId,
  sequence: Type.Integer({ minimum: 1 }),
  at: Timestamp,
  counter: Type.Integer({ minimum: 0, description: 'Of the last order the device accepted.' }),
  generation: Type.Integer({ minimum: 0 }),
  state: ChangeState,
  releases: Type.Array(InstalledRelease, { maxItems: 1000 }),
  apps: Type.Array(AppStatus, { maxItems: 10_000 }),
  attributes: mapOf(Type.String({ maxLength: 200 })),
  /** Raw X25519 key to which secrets of the device are sealed. */
  sealingKey: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  waiting: Type.Optional(Waiting),
  isolated: Type.Optional(OwnIsolations),
  events: Type.Optional(
    Type.Array(DigestSchema, {
      maxItems: 200,
      description: 'Digests of the events sent with it, in their order; absent where none are.',
    }),
  ),
})
export type StateReport = Static<typeof StateReport>
export const parseStateReport = parserOf('state report', StateReport)

/** What a device says of itself when it joins. */
export const DeviceClaim = object({
  publicKey: Type.String({ description: 'Raw Ed25519 public key, lower-case hexadecimal.' }),
  name: Type.String({ minLength: 1, maxLength: 80 }),
  model: Type.String({ maxLength: 120 }),
  architecture: Architecture,
})
export type DeviceClaim = Static<typeof DeviceClaim>
