import { type Static, Type } from 'typebox'
import { object, oneOf, parserOf } from './schema.ts'

/** What a device may have to confine apps with, and its owner may insist on. */
export const confinementParts = [
  'uid',
  'memory',
  'processes',
  'cpu',
  'firewall',
  'devices',
  'landlock',
] as const
export type ConfinementPart = (typeof confinementParts)[number]

/** Without any of these no app is started. */
export const RequiredParts = object(
  {
    require: Type.Array(oneOf(...confinementParts), {
      maxItems: confinementParts.length,
      uniqueItems: true,
    }),
  },
  { title: 'required parts of confinement' },
)
export type RequiredParts = Static<typeof RequiredParts>

/** As an order says it. A part that this device has never heard of, it does not have. */
export const parseOrderedParts = parserOf(
  'ordered parts of confinement',
  Type.Array(Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }), { maxItems: 100 }),
)
