import { type Static, Type } from 'typebox'
import { object, oneOf, opened, parserOf } from './schema.ts'

/** Something in a tree that is better not shipped: docs/reference/hygiene.md. */
export const HygieneFinding = object({
  finding: Type.String({ maxLength: 80 }),
  path: Type.String({ maxLength: 4096 }),
  severity: oneOf('severe', 'warning', 'note'),
  words: Type.String({ maxLength: 1000 }),
  /** The publisher's reason, where it is meant to be there. */
  accepted: Type.Optional(Type.String({ maxLength: 1000 })),
})
export type HygieneFinding = Static<typeof HygieneFinding>

/** What `pack` found in the tree of a release: the document that its record names. */
export const HygieneRecord = object({
  type: Type.Literal('hygiene'),
  format: Type.Literal(1),
  findings: Type.Array(HygieneFinding, { maxItems: 100_000 }),
})
export type HygieneRecord = Static<typeof HygieneRecord>

/** Reads what a newer publisher may have written: members that are not known are skipped. */
export const parseHygieneRecord = parserOf('hygiene of a release', opened(HygieneRecord))
