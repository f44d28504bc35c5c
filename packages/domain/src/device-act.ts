import { type Static, Type } from 'typebox'
import { PackageName, Revision } from './identifiers.ts'
import { object, record } from './schema.ts'

const LabelName = Type.String({ pattern: '^[a-z][a-z0-9_.-]{0,39}$' })
const LabelValue = Type.String({ minLength: 1, maxLength: 80, pattern: '^[^\\u0000-\\u001f]+$' })

/** What people say of a device, for themselves: `site`, `customer`, `ring`. */
export const Labels = record(LabelName, LabelValue, { maxProperties: 50 })
export type Labels = Static<typeof Labels>

/** The longest note that people keep about a device. */
const longestNote = 2000

/**
 * What people do to one device, or to many at once. A device that is held, or a package that is pinned on it,
 * is moved by no rollout until they say otherwise; one that is decommissioned is ordered nothing, and its key is
 * refused, until it enrols again.
 */
export const DeviceAct = Type.Union([
  object({
    act: Type.Literal('label'),
    labels: record(LabelName, Type.Union([LabelValue, Type.Null()]), {
      minProperties: 1,
      maxProperties: 50,
      description: 'Null takes a label away.',
    }),
  }),
  object({ act: Type.Literal('note'), note: Type.String({ maxLength: longestNote }) }),
  object({ act: Type.Literal('hold') }),
  object({ act: Type.Literal('unhold') }),
  object({ act: Type.Literal('pin'), package: PackageName, revision: Revision }),
  object({ act: Type.Literal('unpin'), package: PackageName }),
  object({ act: Type.Literal('retry') }),
  object({ act: Type.Literal('decommission') }),
])
export type DeviceAct = Static<typeof DeviceAct>
