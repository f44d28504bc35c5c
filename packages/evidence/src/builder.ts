import { object, opened, parserOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { orRefused } from './error.ts'

/** Whose provenance counts: a builder by its id, and the key that speaks for it. */
export const Builder = object({
  id: Type.String({ pattern: '^https?://\\S+$', maxLength: 400 }),
  /** A key as TUF writes it. */
  key: object({
    keytype: Type.String(),
    scheme: Type.String(),
    keyval: object({ public: Type.String() }),
  }),
  /** What it built before still counts; nothing new does. */
  retired: Type.Optional(Type.Boolean()),
})
export type Builder = Static<typeof Builder>

/** The member `builders` of a publisher's role: its builder policy. */
export const BuilderList = Type.Array(Builder, { maxItems: 100 })

const parseList = parserOf('builders', opened(BuilderList))

/**
 * The builders that a publisher's role names, from its signed part. Undefined where it has no such
 * member: the publisher has not said which builders count.
 */
export function buildersOf(signed: {
  readonly builders?: unknown
}): readonly Builder[] | undefined {
  const { builders } = signed
  if (builders === undefined) return undefined
  return orRefused('provenance/malformed', 'the builders of a role', () => parseList(builders))
}
