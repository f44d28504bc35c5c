import { type Static, Type } from 'typebox'
import { ChannelName } from './identifiers.ts'
import { Phase } from './rollout.ts'
import { object, oneOf, parserOf, record } from './schema.ts'

const Share = Type.Number({ exclusiveMinimum: 0, maximum: 0.9 })

/** What the halting test lets pass; what is not stated is as usual. */
export const HaltingBounds = object({
  failed: Type.Optional(Share),
  'rolled back': Type.Optional(Share),
  crashed: Type.Optional(Share),
  silent: Type.Optional(Share),
  'false-alarm': Type.Optional(
    Type.Number({
      minimum: 0.0001,
      maximum: 0.5,
      description: 'How likely a release that adds nothing is halted at most.',
    }),
  ),
})
export type HaltingBounds = Static<typeof HaltingBounds>

/**
 * Whom a rollout moves first: as they joined the fleet, or by turns, so that nobody is always among the first. Where
 * nobody says, by turns in a fleet that is large.
 */
export const RolloutOrder = oneOf('joined', 'turns')
export type RolloutOrder = Static<typeof RolloutOrder>

const rules = {
  order: Type.Optional(RolloutOrder),
  phases: Type.Optional(Type.Array(Phase, { minItems: 1, maxItems: 20 })),
  halting: Type.Optional(HaltingBounds),
  approval: Type.Optional(
    Type.Boolean({ description: 'A second person lets a rollout start, or nobody does.' }),
  ),
}

/** How rollouts go that nobody says more about. */
export const RolloutRules = object(rules)
export type RolloutRules = Static<typeof RolloutRules>

const withSecurity = {
  ...rules,
  security: Type.Optional(
    object(rules, { description: 'The same for a release that mends a known flaw of the fleet.' }),
  ),
}

/** What turns a publication into a rollout, with nobody signed in: a fleet's rules, and those of a channel. */
export const RolloutPolicy = object({
  ...withSecurity,
  channels: Type.Optional(record(ChannelName, object(withSecurity), { maxProperties: 50 })),
})
export type RolloutPolicy = Static<typeof RolloutPolicy>

export const parseRolloutPolicy = parserOf('rollout policy', RolloutPolicy)

/** The rules of one rollout: what is said of its channel before what is said of all, of flaws before the rest. */
export function rulesFor(
  { channels = {}, security: everywhere, ...all }: RolloutPolicy,
  channel: string,
  mendsFlaw: boolean,
): RolloutRules {
  const { security, ...here } = (Object.hasOwn(channels, channel) && channels[channel]) || {}
  return { ...all, ...here, ...(mendsFlaw && { ...everywhere, ...security }) }
}
