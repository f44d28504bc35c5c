import {
  beginChange,
  type Change,
  type ChangeRecord,
  isDropped,
  nextChange,
  recallChange,
} from './change.ts'
import { EngineError } from './error.ts'
import type {
  Aborted,
  Checkpoint,
  Dropped,
  Found,
  JournalRecord,
  Outcome,
  Reverted,
} from './journal-record.ts'
import { nothingRefused, type Refused, withFailure, withoutProven } from './refused.ts'
import type { Revert } from './revert.ts'

/** All that the journal says. There is no other status: this is computed, never stored. */
export interface EngineState {
  /** What the device runs when no change is under way. */
  readonly generation: number
  /** The highest number any generation has had; none is used twice. */
  readonly highest: number
  readonly refused: Refused
  readonly change?: Change
  /** How the last change came out: what the device says of itself when none is under way. */
  readonly standing: Outcome
  /** Where somebody at the device went back to, in the place of what is ordered. */
  readonly revert?: Revert
  /** How often in a row an order failed for a reason that may pass: the wait before the next try. */
  readonly tried?: Tried
  /** The newest time at which an order's people asked for another try, which was heeded. */
  readonly asked?: string
}

export interface Tried {
  readonly counter: number
  readonly times: number
}

export const bornState: EngineState = {
  generation: 0,
  highest: 0,
  refused: nothingRefused,
  standing: 'committed',
}

/** The record that a new segment begins with, when no change is under way any more. */
export function toCheckpoint(state: EngineState, previous: string): Omit<Checkpoint, 'at'> {
  const { change: _, ...rest } = state
  return { type: 'checkpoint', ...rest, previous }
}

export function foldJournal(records: readonly JournalRecord[]): EngineState {
  return records.reduce(nextEngineState, bornState)
}

/** The state after one more record. A record that the rules forbid here is refused, not written. */
export function nextEngineState(state: EngineState, record: JournalRecord): EngineState {
  switch (record.type) {
    case 'checkpoint':
      return withoutTypeAndTime(record)
    case 'plan':
      if (state.change && !state.change.isOver) refuse(record, 'another change is under way')
      return { ...planned(state, record.counter, record.to), change: beginChange(record) }
    case 'found':
      return foundState(state, record.generation)
    case 'revert':
      return withRevert(state, record)
    case 'retry':
      return { ...triedAgain(state), ...(record.asked && { asked: record.asked }) }
    default:
      return withChange(state, nextChange(changeOf(state, record), record), record)
  }
}

function withoutTypeAndTime(record: Checkpoint): EngineState {
  const { generation, highest, refused, standing, revert, tried, asked } = record
  const further = { ...(revert && { revert }), ...(tried && { tried }), ...(asked && { asked }) }
  return { generation, highest, refused, standing, ...further }
}

/** A change under another order ends what was gone back from under an earlier one. */
function planned(state: EngineState, counter: number, to: number): EngineState {
  const { revert, ...rest } = state
  return withHighest(revert?.counter === counter ? state : rest, to)
}

/** What failed before is no word on where somebody wants to go back to. */
function withRevert(state: EngineState, { counter, to, restoresData }: Reverted): EngineState {
  const { change, ...rest } = triedAgain(state)
  const revert = { counter, to, restoresData }
  return { ...rest, revert, ...(change && { change: recallChange(change) }) }
}

function triedAgain({ revert: _, tried: _t, ...state }: EngineState): EngineState {
  return { ...state, refused: bornState.refused }
}

function foundState(state: EngineState, generation: number): EngineState {
  const { change: _, ...rest } = state
  return { ...withHighest(rest, generation), generation }
}

function withHighest(state: EngineState, number: number): EngineState {
  return { ...state, highest: Math.max(state.highest, number) }
}

function changeOf(state: EngineState, record: ChangeRecord): Change {
  return state.change ?? refuse(record, 'no change is under way')
}

function withChange(state: EngineState, change: Change, record: ChangeRecord): EngineState {
  switch (record.type) {
    case 'commit':
      return { ...proven(withTried(state, change), change), change }
    case 'drop':
      return { ...withHighest(state, record.to), refused: refusedBy(state, change, record), change }
    case 'abort':
      return { ...state, refused: refusedBy(state, change, record), change }
    case 'end':
      return { ...withTried(state, change), standing: record.outcome, change }
    default:
      return { ...state, change }
  }
}

/** Of these there is nothing to wait for: somebody wants something else. */
const unblamed: readonly string[] = ['engine/superseded', 'engine/recalled']

function withTried({ tried, ...state }: EngineState, { plan, drops, abort }: Change): EngineState {
  const failures = abort ? [...drops, abort] : drops
  const mayPass = failures.some(one => !one.lasting && !unblamed.includes(one.code))
  if (!mayPass) return state
  const times = tried?.counter === plan.counter ? tried.times : 0
  return { ...state, tried: { counter: plan.counter, times: times + 1 } }
}

/** What only stayed, without what is granted no more, was on no trial. */
function proven(state: EngineState, change: Change): EngineState {
  const { steps, contents = {} } = change.plan
  const packages = steps.flatMap(step => (isDropped(change, step) ? [] : (step.package ?? [])))
  const tried = packages.filter(name => contents[name] !== undefined)
  const refused = withoutProven(state.refused, tried)
  return { ...state, refused, generation: change.to, standing: 'committed' }
}

function refusedBy({ refused }: EngineState, { plan }: Change, record: Aborted | Dropped): Refused {
  return record.lasting ? withFailure(refused, plan, record) : refused
}

function refuse(record: JournalRecord, why: string): never {
  throw new EngineError('engine/record', `cannot take a ${record.type} record: ${why}`)
}

/** Whether an order asks for another try for which it was not heeded yet. */
export function isAnotherTry({ asked }: EngineState, wanted: string | undefined): boolean {
  return wanted !== undefined && wanted > (asked ?? '')
}

/**
 * What the pointer says against what the journal lets it say. The pointer wins: a `found` record
 * closes whatever change was under way. Undefined where the two agree.
 */
export function reconcile(state: EngineState, pointer: number): Omit<Found, 'at'> | undefined {
  const allowed = state.change?.pointed ?? [state.generation]
  if (allowed.includes(pointer)) return undefined
  return { type: 'found', generation: pointer, why: `the journal says ${allowed.join(' or ')}` }
}
