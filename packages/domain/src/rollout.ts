import type { Table } from '@steadfleet/base'
import { type Static, Type } from 'typebox'
import {
  ChannelName,
  DeviceId,
  FleetName,
  PackageName,
  Revision,
  Timestamp,
} from './identifiers.ts'
import { object, oneOf } from './schema.ts'

/** One wave of a rollout: it opens to `percent` of the fleet, or to `count` devices. */
export const Phase = object({
  percent: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  count: Type.Optional(Type.Integer({ minimum: 1 })),
  'max-failures': Type.Integer({ minimum: 0 }),
})
export type Phase = Static<typeof Phase>

/** The phases a rollout has when nobody says otherwise: one device, a tenth, all. */
export const defaultPhases: readonly Phase[] = [
  { count: 1, 'max-failures': 0 },
  { percent: 10, 'max-failures': 0 },
  { percent: 100, 'max-failures': 1 },
]

export const RolloutState = oneOf('draft', 'running', 'paused', 'halted', 'done', 'cancelled')
export type RolloutState = Static<typeof RolloutState>
export type RolloutEvent = 'start' | 'pause' | 'resume' | 'trip' | 'finish' | 'cancel'

/** The life of a rollout. `trip` and `finish` are raised by the platform, the others by a person. */
export const rolloutTable = {
  draft: { start: 'running', cancel: 'cancelled' },
  running: { pause: 'paused', trip: 'halted', finish: 'done', cancel: 'cancelled' },
  paused: { resume: 'running', cancel: 'cancelled' },
  halted: { resume: 'running', cancel: 'cancelled' },
  done: {},
  cancelled: {},
} as const satisfies Table<RolloutState, RolloutEvent>

/** How far one device of a rollout is: counted from its own signed reports, never assumed. */
export const MoveState = oneOf('waiting', 'ordered', 'done', 'failed')
export type MoveState = Static<typeof MoveState>

export const Move = object({
  device: DeviceId,
  phase: Type.Integer({ minimum: 0 }),
  state: MoveState,
})
export type Move = Static<typeof Move>

export const Rollout = object({
  id: Type.Integer({ minimum: 1 }),
  fleet: FleetName,
  package: PackageName,
  revision: Revision,
  channel: ChannelName,
  state: RolloutState,
  phases: Type.Array(Phase, { minItems: 1, maxItems: 20 }),
  moves: Type.Array(Move),
  why: Type.String(),
  createdAt: Timestamp,
})
export type Rollout = Static<typeof Rollout>
