import type { SettingValues } from '@steadfleet/domain'

/** Where the devices of the demo stand, so that they don't collide on one machine. */
export interface Ground {
  /** In one line, for whoever watches. */
  readonly about: string
  /** The address at which devices reach the server. */
  readonly serverHost: string
  place(number: number): Place
  /** Makes what is not there yet. */
  open(): Promise<void>
  /** Removes all that `open` made, also what an earlier demo left; nothing there is fine. */
  close(): Promise<void>
}

/** Where one device stands. */
export interface Place {
  /** The command line that runs `command` there, as the very process that is started. */
  wrap(command: readonly string[]): readonly string[]
  /** The address at which its apps answer. */
  readonly host: string
  readonly port: number
  /** What its app must be told so that it listens there. */
  readonly settings: SettingValues
}

/** The devices of the demo. */
export const deviceNumbers: readonly number[] = [1, 2, 3]
