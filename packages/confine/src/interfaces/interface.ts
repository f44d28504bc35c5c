import { object } from '@steadfleet/domain'
import type { Static, TObject, TProperties } from 'typebox'
import type { Effect } from './effect.ts'

/** What confinement can open, as data: a new interface is a new row. */
export interface Interface {
  readonly title: string
  /** What an app can reach that it could not without; shown to whoever grants it. */
  readonly opens: string
  readonly risk: 'low' | 'medium' | 'high'
  /** What an app that was taken over could do with it. */
  readonly danger: string
  /** Who says yes when a package requests it: nobody needs to, the owner, or the owner by name alone. */
  readonly granted: 'by default' | 'by the owner' | 'never automatically'
  /** What a request says beyond the interface's name. */
  readonly members: TObject
  /** Releases of before its members request it without any, and a device reads that; how to write it now. */
  readonly bare?: string
  /** Whether the test shows the real thing, or nodes that stand in for hardware which is not here. */
  readonly tested: 'here' | 'with stand-ins'
  /** The test that shows it. */
  readonly test: string
  /** What a request with these members opens; the same members open the same. */
  readonly effect: (members: Members) => Effect
}

export type Members = Readonly<Record<string, unknown>>

type Row<M extends TProperties> = Omit<Interface, 'members' | 'effect' | 'test'> & {
  readonly members: M
  /** How many of the members a request must have; those that are not optional count by themselves. */
  readonly least?: number
  readonly test?: string
  readonly effect: (members: Static<TObject<M>>) => Effect
}

/** The table of attempts on a device: every interface granted, not granted, revoked. */
const tableTest = 'packages/agent/src/apps/interfaces.test.ts'

/**
 * A row of the table; its effect is given members that its schema has let through. A revoked interface costs
 * the app a restart: a file or a device that is open stays open, whatever becomes of its name.
 */
export function row<M extends TProperties>(declared: Row<M>): Interface {
  const { members, least = 0, effect, test = tableTest, ...rest } = declared
  return {
    ...rest,
    test,
    members: object(members, least > 0 ? { minProperties: least } : {}),
    effect: effect as Interface['effect'],
  }
}
