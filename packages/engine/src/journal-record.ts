import type { Digest } from '@steadfleet/base'
import type { PackageName } from '@steadfleet/domain'
import type { Step } from './plan.ts'
import type { Verdict, WrittenProbation } from './probation.ts'
import type { Contents, Refused } from './refused.ts'
import type { Revert } from './revert.ts'
import type { Tried } from './state.ts'

/** How a change came out. */
export type Outcome = 'committed' | 'aborted' | 'restored' | 'rescue'

/** Every record carries the moment it was written, for people; nothing is decided by it. */
interface At {
  readonly at: string
}

/** The first record of a segment: what the fold of all earlier ones came to. */
export interface Checkpoint extends At {
  readonly type: 'checkpoint'
  readonly generation: number
  readonly highest: number
  readonly refused: Refused
  readonly standing: Outcome
  readonly revert?: Revert
  readonly tried?: Tried
  readonly asked?: string
  /** Whose journal it is; an earlier agent did not write it. */
  readonly device?: string
  /** The checksum that the last record of the segment before began with. */
  readonly previous: string
}
export interface Planned extends At {
  readonly type: 'plan'
  readonly from: number
  readonly to: number
  readonly counter: number
  readonly seal: Digest
  readonly steps: readonly Step[]
  /** What each package that it puts on trial is to be; an earlier agent did not write it. */
  readonly contents?: Contents
}
export interface Begun extends At {
  readonly type: 'begin'
  readonly step: string
}
export interface Done extends At {
  readonly type: 'done'
  readonly step: string
  /** What the step has to show for itself: bytes fetched, files written. */
  readonly receipt: Readonly<Record<string, number | string | boolean>>
}
/** Probation begins, or was watched on: the sum of all that was seen so far. */
export interface Watched extends At {
  readonly type: 'watch'
  readonly probation: WrittenProbation
}
export interface Judged extends At {
  readonly type: 'verdict'
  readonly verdict: Exclude<Verdict, { readonly verdict: 'undecided' }>
}
/** What failed, and whether that ends it. */
interface Blamed extends At {
  readonly code: string
  readonly why: string
  /** Whose failure it was; empty where no package is to blame. */
  readonly packages: readonly PackageName[]
  /** True where trying the same again would fail again. */
  readonly lasting: boolean
}
export interface Aborted extends Blamed {
  readonly type: 'abort'
}
/** One lane goes back; the others go on, to a generation that holds its old releases. */
export interface Dropped extends Blamed {
  readonly type: 'drop'
  readonly lane: PackageName
  /** The generation that the change is for from here, and its seal. */
  readonly to: number
  readonly seal: Digest
}
export interface Undone extends At {
  readonly type: 'undone'
  readonly step: string
  /** Why it could not be undone, where it could not. */
  readonly failed?: string
}
export interface Committed extends At {
  readonly type: 'commit'
}
/** Going back is over: everything that was begun is undone, or could not be. */
export interface Ended extends At {
  readonly type: 'end'
  readonly outcome: Exclude<Outcome, 'committed'>
}
/** What the pointer said where it and the journal disagreed; the pointer wins. */
export interface Found extends At {
  readonly type: 'found'
  readonly generation: number
  readonly why: string
}

/** Somebody at the device went back to an earlier generation; it counts until another order comes. */
export interface Reverted extends At {
  readonly type: 'revert'
  /** Of the order that is not followed for it. */
  readonly counter: number
  readonly to: number
  /** Whether its packages have their data of then, too. */
  readonly restoresData: boolean
}
/** Somebody wants tried again what failed, or was gone back from. */
export interface Retried extends At {
  readonly type: 'retry'
  /** When it was asked for, where an order brought it; absent where somebody at the device did. */
  readonly asked?: string
}

export type JournalRecord =
  | Checkpoint
  | Planned
  | Begun
  | Done
  | Watched
  | Judged
  | Aborted
  | Dropped
  | Undone
  | Committed
  | Ended
  | Found
  | Reverted
  | Retried
