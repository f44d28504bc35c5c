import { object } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

const size = Type.Integer({ minimum: 0 })
const Trouble = object({ code: Type.String(), message: Type.String() })

/** How the transparency log of a server stands. */
export const LogView = object({
  origin: Type.String(),
  /** Of the newest tree that the log signed, and of the newest that readers are given. */
  signed: size,
  published: size,
  /** How many witnesses the owner's policy asks for, and those that are asked. */
  quorum: size,
  witnesses: Type.Array(
    object({
      name: Type.String(),
      /** Of the newest tree that it cosigned. */
      size,
      trouble: Type.Union([Trouble, Type.Null()]),
    }),
  ),
  /** Why the published tree is behind the signed one; it is tried again. */
  trouble: Type.Union([Trouble, Type.Null()]),
})
export type LogView = Static<typeof LogView>

/** One shard of the log: its number, of which the first is 1, and how far it was published. */
export const LogShard = object({
  shard: Type.Integer({ minimum: 1, maximum: 9999 }),
  origin: Type.String(),
  size,
  /** Whether it is the one that grows. */
  isOpen: Type.Boolean(),
})
export type LogShard = Static<typeof LogShard>
