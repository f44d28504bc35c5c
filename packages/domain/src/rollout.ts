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
import { InterfaceRequest } from './manifest.ts'
import { object, oneOf } from './schema.ts'

/** One wave of a rollout: it opens to `percent` of the fleet, or of those it names, or to `count` devices. */
export const Phase = object({
  group: Type.Optional(
    Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$', description: 'Only devices of this group.' }),
  ),
  where: Type.Optional(
    Type.String({ maxLength: 2000, description: 'Only devices that meet this query.' }),
  ),
  devices: Type.Optional(
    Type.Array(DeviceId, { minItems: 1, maxItems: 1000, description: 'Only these devices.' }),
  ),
  percent: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  count: Type.Optional(Type.Integer({ minimum: 1 })),
  'max-failures': Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'More halt the rollout, and every device must have spoken before the next phase opens. Absent: the halting test alone decides, and silence is passed by.',
    }),
  ),
  'soak-seconds': Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 30 * 86_400,
      description: 'After its last device has spoken, the next phase waits so long.',
    }),
  ),
  'at-once': Type.Optional(
    Type.Integer({ minimum: 1, description: 'The most devices under way at the same time.' }),
  ),
})
export type Phase = Static<typeof Phase>

/** Where a fleet is at least so large, the halting test knows more than a bound does. */
export const largeFleet = 100

/**
 * The phases a rollout has when nobody says otherwise. A small fleet: one device, a tenth, all, each with its
 * bound. A large one: one device, one in a hundred, a tenth, all, on the evidence of the halting test.
 */
export function usualPhases(devices: number): Phase[] {
  const first = { count: 1, 'max-failures': 0 }
  if (devices >= largeFleet) return [first, { percent: 1 }, { percent: 10 }, { percent: 100 }]
  return [first, { percent: 10, 'max-failures': 0 }, { percent: 100, 'max-failures': 1 }]
}

export const RolloutState = oneOf(
  'draft',
  'scheduled',
  'running',
  'paused',
  'halted',
  'done',
  'cancelled',
)
export type RolloutState = Static<typeof RolloutState>
export type RolloutEvent = 'schedule' | 'start' | 'pause' | 'resume' | 'trip' | 'finish' | 'cancel'

/**
 * The life of a rollout. A draft waits for a second person, who lets it start or, where it has a time to
 * start, be scheduled; that time's coming, `trip` and `finish` are raised by the platform, the rest by a person.
 */
export const rolloutTable = {
  draft: { schedule: 'scheduled', start: 'running', cancel: 'cancelled' },
  scheduled: { start: 'running', cancel: 'cancelled' },
  running: { pause: 'paused', trip: 'halted', finish: 'done', cancel: 'cancelled' },
  paused: { resume: 'running', cancel: 'cancelled' },
  halted: { resume: 'running', cancel: 'cancelled' },
  done: {},
  cancelled: {},
} as const satisfies Table<RolloutState, RolloutEvent>

/**
 * How far one device of a rollout is: counted from its own signed reports, never assumed. `failed` never ran the
 * release, `rolled back` did and went back, `silent` fell silent after it was ordered, `away` was so before.
 * `recalled` was ordered when the rollout was halted or cancelled, and then ordered to stay what it was.
 * `passed over` is held, pinned elsewhere or decommissioned: nobody waits for it.
 */
export const MoveState = oneOf(
  'waiting',
  'ordered',
  'recalled',
  'away',
  'silent',
  'done',
  'failed',
  'rolled back',
  'passed over',
)
export type MoveState = Static<typeof MoveState>

export const Move = object({
  device: DeviceId,
  phase: Type.Integer({ minimum: 0 }),
  state: MoveState,
  crashed: Type.Optional(
    Type.Literal(true, { description: 'An app of the release crashed after the move was done.' }),
  ),
})
export type Move = Static<typeof Move>

/** A move and its place in the order of its rollout. */
export const PlacedMove = object({ ...Move.properties, position: Type.Integer({ minimum: 0 }) })
export type PlacedMove = Static<typeof PlacedMove>

const Count = Type.Integer({ minimum: 0 })

/** How many devices of a phase are in each state; `crashed` of them are counted among `done` too. */
export const Tally = object({
  waiting: Count,
  ordered: Count,
  recalled: Count,
  away: Count,
  silent: Count,
  done: Count,
  failed: Count,
  'rolled back': Count,
  'passed over': Count,
  crashed: Count,
})
export type Tally = Static<typeof Tally>

export const nobody: Tally = {
  waiting: 0,
  ordered: 0,
  recalled: 0,
  away: 0,
  silent: 0,
  done: 0,
  failed: 0,
  'rolled back': 0,
  'passed over': 0,
  crashed: 0,
}

/** The tallies of several phases as one. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const sum = (state: keyof Tally): number => tallies.reduce((all, one) => all + one[state], 0)
  const states = Object.keys(nobody) as (keyof Tally)[]
  return Object.fromEntries(states.map(state => [state, sum(state)])) as Tally
}

/** How many devices a tally counts. */
export function devicesIn({ crashed: _, ...states }: Tally): number {
  return Object.values(states).reduce((sum, count) => sum + count, 0)
}

/** What can go wrong with a device that was moved; `crashed`: after it had said that all is well. */
export const FindingKind = oneOf('failed', 'rolled back', 'crashed', 'silent')
export type FindingKind = Static<typeof FindingKind>

/** What the halting test makes of one kind of failure. */
export const Finding = object({
  kind: FindingKind,
  moved: Type.Integer({ minimum: 0, description: 'Devices that were ordered to move.' }),
  seen: Type.Integer({ minimum: 0, description: 'How many of them went wrong in this way.' }),
  expected: Type.Number({ minimum: 0, maximum: 1, description: 'The share that may.' }),
  evidence: Type.Number({
    minimum: 0,
    description: 'How many times better a bad release explains what was seen than a harmless one.',
  }),
  bound: Type.Number({ minimum: 1, description: 'The evidence that halts the rollout.' }),
})
export type Finding = Static<typeof Finding>

export const Rollout = object({
  id: Type.Integer({ minimum: 1 }),
  fleet: FleetName,
  package: PackageName,
  revision: Revision,
  /** The change of settings that it moves devices to, whatever their revision. */
  settings: Type.Optional(Type.Integer({ minimum: 1 })),
  channel: ChannelName,
  state: RolloutState,
  phases: Type.Array(Phase, { minItems: 1, maxItems: 20 }),
  /** One for each phase; who they are is told page by page. */
  tallies: Type.Array(Tally),
  /** The strongest evidence first. */
  findings: Type.Array(Finding),
  why: Type.String(),
  createdAt: Timestamp,
  /** Who had it begin. */
  by: Type.String(),
  /** The second person, where one was wanted and has agreed. */
  approvedBy: Type.Optional(Type.String()),
  /** Not before this. */
  startsAt: Type.Optional(Timestamp),
  /** A device that goes back by it takes up its data of then. */
  restoresData: Type.Optional(Type.Literal(true)),
  /** Until when the phase before is watched. */
  soaksUntil: Type.Optional(Timestamp),
  /** Requests of the revision that nobody has said yes or no to: the devices in turn are not moved before. */
  waitsFor: Type.Array(InterfaceRequest),
})
export type Rollout = Static<typeof Rollout>
