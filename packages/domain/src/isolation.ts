import { type Static, Type } from 'typebox'
import { PackageName } from './identifiers.ts'
import { object, opened, parserOf } from './schema.ts'

/** Whose networks are cut: nothing gets in or out but the agent's own channel to its server. */
export const Isolation = object({
  device: Type.Optional(Type.Literal(true, { description: 'Every package of the device.' })),
  packages: Type.Optional(
    Type.Array(PackageName, { minItems: 1, maxItems: 1000, uniqueItems: true }),
  ),
})
export type Isolation = Static<typeof Isolation>

/** From so many denied attempts of a package in a minute on, it is isolated without anybody’s asking. */
export const IsolationRule = object({
  'denied-per-minute': Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
})
export type IsolationRule = Static<typeof IsolationRule>

/** What an order says of isolation. */
export const IsolationPolicy = object(
  { ...Isolation.properties, ...IsolationRule.properties },
  { title: 'isolation policy' },
)
export type IsolationPolicy = Static<typeof IsolationPolicy>

/** What a server newer than this device may have ordered: members that are not known are skipped. */
export const parseOrderedIsolation = parserOf('ordered isolation', opened(IsolationPolicy))
