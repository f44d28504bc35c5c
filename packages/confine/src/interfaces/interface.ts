import { object } from '@steadfleet/domain'
import type { Static, TObject, TProperties } from 'typebox'

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
  /** What happens to an app that runs when the grant is taken back. */
  readonly revoked: 'at once' | 'by restart'
  /** Whether the test shows the real thing, or nodes that stand in for hardware which is not here. */
  readonly tested: 'here' | 'with stand-ins'
  /** The test that shows it. */
  readonly test: string
  /** What a request with these members opens; the same members open the same. */
  readonly effect: (members: Members) => Effect
}

export type Members = Readonly<Record<string, unknown>>

/** What is opened, in the words of the sandbox. Whatever is absent stays shut. */
export interface Effect {
  /** There is a network with a way out; what may go through it: `networkNeeds`. */
  readonly network?: true
  /** Address families of socket(2) beyond AF_UNIX. */
  readonly families?: readonly AddressFamily[]
}

export type AddressFamily = 'inet' | 'inet6'

type Row<M extends TProperties> = Omit<Interface, 'members' | 'effect'> & {
  readonly members: M
  readonly effect: (members: Static<TObject<M>>) => Effect
}

/** A row of the table; its effect is given members that its schema has let through. */
export function row<M extends TProperties>({ members, effect, ...rest }: Row<M>): Interface {
  return { ...rest, members: object(members), effect: effect as Interface['effect'] }
}
