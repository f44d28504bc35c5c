import {
  AppStatus,
  ChangeState,
  DeviceId,
  object,
  oneOf,
  PackageName,
  parserOf,
  Timestamp,
  UpdatePolicy,
  Waiting,
} from '@steadfleet/domain'
import { type Static, type TSchema, Type } from 'typebox'

/** Whoever may open a socket of the device: its owner everything, its users what disturbs nobody. */
export type LocalRole = 'owner' | 'user'

export interface LocalRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Who may call it; the owner may call all. */
  readonly by: LocalRole
  readonly summary: string
  /** Of the members of a query, each a string. */
  readonly query?: TSchema
  readonly body?: TSchema
  readonly reply: TSchema
}

const Count = Type.Integer({ minimum: 0 })
const Moves = Type.Array(
  object({
    package: PackageName,
    /** Revisions: 0 where it is not there. */
    from: Count,
    to: Count,
  }),
)

/** The update that is under way and not activated yet. */
export const LocalUpdate = object({
  id: Type.String({
    description: 'Names this very set of releases: an answer is about one update.',
  }),
  packages: Moves,
  waiting: Type.Union([Waiting, Type.Null()]),
})
export type LocalUpdate = Static<typeof LocalUpdate>

export const LocalStatus = object({
  device: DeviceId,
  name: Type.String(),
  origin: Type.String(),
  log: Type.String(),
  at: Timestamp,
  counter: Count,
  generation: Count,
  state: ChangeState,
  packages: Type.Array(object({ package: PackageName, revision: Count, version: Type.String() })),
  apps: Type.Array(AppStatus),
  update: Type.Union([LocalUpdate, Type.Null()]),
  hold: Type.Union([object({ until: Type.Union([Timestamp, Type.Null()]) }), Type.Null()]),
  metered: Type.Boolean({ description: 'Whether fetching is held to cost something.' }),
  battery: Type.Union([Count, Type.Null()]),
  load: Type.Union([Count, Type.Null()]),
  /** What the fleet orders of when and how long; bounds it does not state are the usual ones. */
  policy: UpdatePolicy,
  /** What counts of the fleet's word, and of how the agent was started, on what is kept. */
  keeps: object({
    'rejected-days': Count,
    'store-limit-bytes': Type.Integer({ minimum: 0, description: '0 where there is none.' }),
  }),
  /** Data that was gone back from, where it lies, and until when it is kept. */
  rejected: Type.Array(
    object({
      package: Type.String(),
      generation: Count,
      path: Type.String(),
      since: Timestamp,
      until: Timestamp,
    }),
  ),
})
export type LocalStatus = Static<typeof LocalStatus>

/** One change that ended, however it did. */
export const LocalChange = object({
  at: Timestamp,
  from: Count,
  to: Count,
  counter: Count,
  outcome: oneOf('committed', 'aborted', 'restored', 'rescue'),
  packages: Moves,
  code: Type.Optional(Type.String()),
  why: Type.Optional(Type.String()),
})
export type LocalChange = Static<typeof LocalChange>
export const parseLocalChanges = parserOf('changes', object({ changes: Type.Array(LocalChange) }))

/** Every route of the device's own interface: the agent, its command line and the guide read this. */
export const localRoutes = {
  status: {
    method: 'GET',
    path: '/v1/status',
    by: 'user',
    summary: 'What the device runs, and what it waits for.',
    reply: LocalStatus,
  },
  why: {
    method: 'GET',
    path: '/v1/why',
    by: 'user',
    summary: 'In words: what the device waits for, or why it went back.',
    reply: object({ says: Type.Array(Type.String(), { minItems: 1 }) }),
  },
  changes: {
    method: 'GET',
    path: '/v1/changes',
    by: 'user',
    summary: 'The changes that ended, the newest first.',
    query: object({ limit: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$' })) }),
    reply: object({ changes: Type.Array(LocalChange) }),
  },
  log: {
    method: 'GET',
    path: '/v1/log',
    by: 'user',
    summary: 'The last lines that an app said.',
    query: object({
      package: PackageName,
      app: Type.String({ maxLength: 40 }),
      lines: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,3}$' })),
    }),
    reply: object({ lines: Type.Array(Type.String()) }),
  },
  consent: {
    method: 'POST',
    path: '/v1/consent',
    by: 'user',
    summary: 'Answer to the update that is shown: now or later.',
    body: object({
      answer: oneOf('now', 'later'),
      update: Type.String({ maxLength: 64 }),
      until: Type.Optional(Timestamp),
    }),
    reply: object({ answered: Type.Boolean() }),
  },
  hold: {
    method: 'POST',
    path: '/v1/hold',
    by: 'owner',
    summary:
      'Put updates off until a moment, or until they are resumed; no longer than the fleet allows.',
    body: object({ until: Type.Optional(Timestamp) }),
    reply: object({ hold: object({ until: Type.Union([Timestamp, Type.Null()]) }) }),
  },
  resume: {
    method: 'POST',
    path: '/v1/resume',
    by: 'owner',
    summary: 'Take back a hold, and an answer that was given.',
    body: object({}),
    reply: object({ hold: Type.Null() }),
  },
  updateNow: {
    method: 'POST',
    path: '/v1/update-now',
    by: 'owner',
    summary:
      'Let the update go on now, whatever it waits for but an app or an empty battery; or ask for one.',
    body: object({}),
    reply: object({ update: Type.Union([LocalUpdate, Type.Null()]) }),
  },
  metered: {
    method: 'POST',
    path: '/v1/metered',
    by: 'owner',
    summary: 'Say whether the link is metered; null leaves it to what the device finds.',
    body: object({ metered: Type.Union([Type.Boolean(), Type.Null()]) }),
    reply: object({ metered: Type.Boolean() }),
  },
  revert: {
    method: 'POST',
    path: '/v1/revert',
    by: 'owner',
    summary: 'Go back to an earlier generation until the fleet orders something else.',
    body: object({
      to: Type.Optional(Type.Integer({ minimum: 1 })),
      restoreData: Type.Optional(Type.Boolean()),
    }),
    reply: object({
      way: oneOf('recalled', 'planned'),
      from: Count,
      to: Count,
      packages: Type.Array(object({ package: PackageName, revision: Count })),
      restored: Type.Array(Type.String()),
    }),
  },
} as const satisfies Readonly<Record<string, LocalRoute>>
export type LocalRouteName = keyof typeof localRoutes

type Of<T> = T extends TSchema ? Static<T> : undefined
type Member<N extends LocalRouteName, M extends string> = (typeof localRoutes)[N] extends {
  readonly [K in M]: infer S
}
  ? Of<S>
  : undefined
export type LocalQuery<N extends LocalRouteName> = Member<N, 'query'>
export type LocalBody<N extends LocalRouteName> = Member<N, 'body'>
export type LocalReply<N extends LocalRouteName> = Member<N, 'reply'>
