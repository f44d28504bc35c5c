import { type Static, Type } from 'typebox'
import { object, opened, parserOf } from './schema.ts'

/** An interface, by the name under which manifests request it. */
export const InterfaceName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' })

/** For each interface, who has it without being asked about: `acme/box`, `acme/*`, or `*`. */
export const GrantRules = Type.Record(
  InterfaceName,
  Type.Array(Type.String({ pattern: '^(\\*|[a-z][a-z0-9-]{0,39}/(\\*|[a-z][a-z0-9-]{0,39}))$' }), {
    maxItems: 1000,
    uniqueItems: true,
  }),
  { maxProperties: 100, additionalProperties: false },
)
export type GrantRules = Static<typeof GrantRules>

/** What a model grants by rule: a member of its statement that only servers read. docs/formats/statements.md */
export const parseModelGrants = parserOf(
  'grants of a model',
  opened(object({ grants: Type.Optional(GrantRules) })),
)
