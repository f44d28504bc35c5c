import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.ts'
import { object, oneOf, opened, parserOf } from './schema.ts'

const Seconds = Type.Integer({ minimum: 0 })

/** How long an update has been put off, by the clock and by what was really waited. */
export const Pending = object({
  since: Timestamp,
  waited: Seconds,
  /** The same since the first of them that mends a known flaw. */
  security: Type.Optional(object({ since: Timestamp, waited: Seconds })),
  /** Seconds for which nothing stood in its way but what runs. */
  leased: Seconds,
})
export type Pending = Static<typeof Pending>

/** What somebody at the device answered, and about which update. */
export const Answer = object({
  answer: oneOf('now', 'later'),
  update: Type.String({ maxLength: 64 }),
  /** Whoever owns the device overrules a hold; whoever uses it does not. */
  by: oneOf('owner', 'user'),
  /** After which it is asked again, where it was `later`. */
  until: Type.Optional(Timestamp),
})
export type Answer = Static<typeof Answer>

/** `say.json`: what was said on the device itself, and since when something waits for it. */
export const OwnSay = object({
  hold: Type.Optional(object({ until: Type.Optional(Timestamp) })),
  metered: Type.Optional(Type.Boolean()),
  answer: Type.Optional(Answer),
  pending: Type.Optional(Pending),
})
export type OwnSay = Static<typeof OwnSay>
export const parseOwnSay = parserOf('own say', opened(OwnSay))

/** What an update waits for. */
export const WaitReason = object({
  kind: oneOf(
    'hold',
    'window',
    'consent',
    'later',
    'battery',
    'load',
    'metered',
    'lease',
    'unsafe',
  ),
  /** In words. */
  why: Type.String({ maxLength: 500 }),
  /** When it ends by itself, where that is known. */
  until: Type.Optional(Timestamp),
})
export type WaitReason = Static<typeof WaitReason>

/** An update that is put off: for what, and until when at the latest. */
export const Waiting = object({
  reasons: Type.Array(WaitReason, { minItems: 1, maxItems: 20 }),
  /** It goes on by then, whatever still stands in its way. */
  latest: Timestamp,
})
export type Waiting = Static<typeof Waiting>
