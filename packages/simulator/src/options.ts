import { object, parserOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

const Share = Type.Number({ minimum: 0, maximum: 1 })

/** How devices go wrong; each is a share of them, and who it hits follows from the seed alone. */
export const FailureModel = object({
  breaks: Type.Array(object({ revision: Type.Integer({ minimum: 1 }), share: Share }), {
    maxItems: 100,
    description: 'Revisions that fail on a share of the devices, in probation.',
  }),
  fails: Type.Union([Share], { description: 'Of updates that fail whatever they bring.' }),
  vanishes: Type.Union([Share], {
    description: 'Of devices that are never heard of again once they are ordered.',
  }),
  offline: Type.Union([Share], { description: 'Of the time that a device has no network.' }),
  slow: Type.Union([Share], {
    description: 'Of devices that take ten times as long for everything.',
  }),
  liars: Type.Union([Share], { description: 'Of devices whose clock is wrong by up to a year.' }),
})
export type FailureModel = Static<typeof FailureModel>

/** What a simulator is started with: one line of JSON on its standard input; then a line for each token. */
export const SimulatorOptions = object({
  seed: Type.Integer({ minimum: 0 }),
  devices: Type.Integer({ minimum: 1, maximum: 100_000 }),
  'probation-seconds': Type.Number({ minimum: 0, maximum: 86_400 }),
  'fetch-seconds': Type.Number({ minimum: 0, maximum: 86_400 }),
  'check-in-seconds': Type.Number({ minimum: 1, maximum: 86_400 }),
  model: FailureModel,
})
export type SimulatorOptions = Static<typeof SimulatorOptions>

export const parseSimulatorOptions = parserOf('simulator options', SimulatorOptions)
