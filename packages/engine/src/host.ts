import type { Change } from './change.ts'
import type { Generation } from './generation.ts'
import type { JournalRecord } from './journal-record.ts'
import type { Step } from './plan.ts'
import type { ProbationRule, Sight } from './probation.ts'
import type { EngineState } from './state.ts'

type WithoutTime<R> = R extends JournalRecord ? Omit<R, 'at'> : never
/** A record as the engine makes it; the journal stamps the time. */
export type NewRecord = WithoutTime<JournalRecord>

/** Where records go. `append` returns when the record will survive a cut of power. */
export interface Journal {
  readonly state: EngineState
  append(record: NewRecord): Promise<void>
  /** Starts a new segment from the state as it is; earlier segments may go. */
  checkpoint(): Promise<void>
}

export type Receipt = Readonly<Record<string, number | string | boolean>>

/** What a change asks of the device it happens on. The simulator implements the same interface. */
export interface ChangeHost {
  /** The generation the change leads from, and the one it is for by now. */
  generations(change: Change): Promise<{ readonly from: Generation; readonly to: Generation }>
  /** Keeps a generation's record, durably, before any record of the journal names it. */
  keep(generation: Generation): Promise<void>
  /**
   * Returns when what is prepared may be activated: what the owner, the fleet and the apps themselves
   * have to say to it. Asked again by each life of the agent; throws the signal's reason.
   */
  untilAllowed(change: Change, stop: AbortSignal): Promise<void>
  /** Does a step in full or throws. `again` says that an earlier try may have done part of it. */
  apply(change: Change, step: Step, again: boolean, stop: AbortSignal): Promise<Receipt>
  /** Takes a step back in full, whether it was done, half done or never applied. */
  undo(change: Change, step: Step): Promise<void>
  probationRule(change: Change): Promise<ProbationRule>
  /** Waits a little, then says what it sees of each package on probation. */
  look(change: Change, stop: AbortSignal): Promise<{ milliseconds: number; sights: Sight[] }>
  /**
   * Takes down everything that neither what the pointer names nor the generation it may go back to
   * needs; after a rescue, starts what the pointer names. What was fetched for a change that is overtaken stays
   * until the next one is over: that may need it.
   */
  tidy(change: Change): Promise<void>
}

/**
 * `halt` ends the agent and leaves the change to its next start; `supersede` drops the change while it
 * is not activated; `recall` says that the journal has a word on the change that another wrote there.
 */
export interface Signals {
  readonly halt: AbortSignal
  readonly supersede: AbortSignal
  readonly recall: AbortSignal
}

/** Thrown through a change when the agent ends: nothing is aborted, the next start goes on. */
export class Halted extends Error {}

/** A step failed for a reason of the device's own, named by `cause`: it is no fault of the release. */
export class Hindered extends Error {
  constructor(cause: unknown) {
    super('hindered', { cause })
  }
}
