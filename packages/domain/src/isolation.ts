import { type Static, Type } from 'typebox'
import { IsolationId, PackageName } from './identifiers.ts'
import { object, opened, parserOf, record } from './schema.ts'

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

/** What a device isolated by itself and was not told to release since, each under a name for this one time. */
export const OwnIsolations = record(PackageName, IsolationId)
export type OwnIsolations = Static<typeof OwnIsolations>

/** What an order says of isolation. */
export const IsolationPolicy = object(
  {
    ...Isolation.properties,
    ...IsolationRule.properties,
    known: Type.Optional(
      Type.Array(IsolationId, {
        maxItems: 1000,
        description:
          'What the device began and this order knows of: what it does not isolate is released.',
      }),
    ),
  },
  { title: 'isolation policy' },
)
export type IsolationPolicy = Static<typeof IsolationPolicy>

/** What a server newer than this device may have ordered: members that are not known are skipped. */
export const parseOrderedIsolation = parserOf('ordered isolation', opened(IsolationPolicy))

/** What the device still holds by itself under this order: all but what the order knows of and does not isolate. */
export function nextOwnIsolations(own: OwnIsolations, ordered: IsolationPolicy): OwnIsolations {
  const isReleased = ([name, id]: [string, IsolationId]) =>
    ordered.known?.includes(id) === true && !isIsolated(name as PackageName, ordered)
  return Object.fromEntries(Object.entries(own).filter(one => !isReleased(one)))
}

/** Whether the networks of a package are cut. */
export function isIsolated(name: PackageName, { device, packages = [] }: Isolation): boolean {
  return device === true || packages.includes(name)
}

/** Packages that a device isolated by itself since its last report: whoever keeps its orders isolates them too. */
export function newlyIsolated(
  before: OwnIsolations | undefined,
  now: OwnIsolations | undefined,
): readonly PackageName[] {
  const known = new Set(Object.values(before ?? {}))
  const fresh = Object.entries(now ?? {}).filter(([, id]) => !known.has(id))
  return fresh.map(([name]) => name as PackageName)
}
