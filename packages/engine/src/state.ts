import type { ChangeState } from '@steadfleet/domain'
import { type ChangeEvent, nextChangeState } from './change-table.ts'
import { EngineError } from './error.ts'
import type {
  Aborted,
  Checkpoint,
  JournalRecord,
  Judged,
  Outcome,
  Planned,
} from './journal-record.ts'
import type { Refused } from './next-generation.ts'
import { partOf, type Step } from './plan.ts'
import type { Probation } from './probation.ts'

/** A change under way, or over and not yet checkpointed. */
export interface Change {
  readonly plan: Planned
  readonly state: ChangeState
  /** In the order in which they were begun: undoing goes backwards through it. */
  readonly begun: readonly string[]
  readonly done: readonly string[]
  readonly undone: readonly string[]
  /** Steps that could not be undone: the device is not quite what it was. */
  readonly stuck: readonly string[]
  readonly probation?: Probation
  readonly verdict?: Judged['verdict']
  readonly abort?: Aborted
  /** Nothing is left to be undone; what remains is to tidy up and checkpoint. */
  readonly isOver: boolean
}

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
}

export const bornState: EngineState = {
  generation: 0,
  highest: 0,
  refused: { counter: 0, packages: [] },
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
      return { ...state, highest: Math.max(state.highest, record.to), change: begin(state, record) }
    case 'found':
      return foundState(state, record.generation)
    default:
      return withChange(state, nextChange(changeOf(state, record), record), record)
  }
}

type ChangeRecord = Exclude<JournalRecord, { type: 'checkpoint' | 'plan' | 'found' }>

function withoutTypeAndTime(record: Extract<JournalRecord, { type: 'checkpoint' }>): EngineState {
  const { generation, highest, refused, standing } = record
  return { generation, highest, refused, standing }
}

function foundState(state: EngineState, generation: number): EngineState {
  const { change: _, ...rest } = state
  return { ...rest, generation, highest: Math.max(state.highest, generation) }
}

function begin(state: EngineState, plan: Planned): Change {
  if (state.change && !state.change.isOver) refuseRecord(plan, 'another change is under way')
  return { plan, state: 'planned', begun: [], done: [], undone: [], stuck: [], isOver: false }
}

function changeOf(state: EngineState, record: ChangeRecord): Change {
  return state.change ?? refuseRecord(record, 'no change is under way')
}

function withChange(state: EngineState, change: Change, record: ChangeRecord): EngineState {
  if (record.type === 'commit') {
    return { ...state, generation: change.plan.to, standing: 'committed', change }
  }
  if (record.type === 'abort')
    return { ...state, refused: refusedBy(state, change, record), change }
  if (record.type === 'end') return { ...state, standing: record.outcome, change }
  return { ...state, change }
}

function refusedBy(state: EngineState, change: Change, abort: Aborted): Refused {
  if (!abort.lasting) return state.refused
  const { counter } = change.plan
  const before = state.refused.counter === counter ? state.refused.packages : []
  return { counter, packages: [...new Set([...before, ...abort.packages])].sort() }
}

function nextChange(change: Change, record: ChangeRecord): Change {
  switch (record.type) {
    case 'begin':
      return withBegun(change, record.step)
    case 'done':
      return settle({ ...change, done: [...change.done, record.step] })
    case 'watch':
      return { ...moved(change, 'prove', 'probation'), probation: record.probation }
    case 'verdict':
      return { ...change, verdict: record.verdict }
    case 'abort':
      return { ...moved(change, 'abort'), abort: record }
    case 'undone':
      return withUndone(change, record.step, record.failed)
    case 'commit':
      if (change.verdict?.verdict !== 'passed') refuseCommit(change)
      return { ...moved(change, 'commit'), isOver: true }
    case 'end':
      return withEnd(change, record.outcome)
  }
}

function withBegun(change: Change, id: string): Change {
  if (change.abort) throw new EngineError('engine/transition', `cannot begin ${id}: aborted`)
  const next = movedInto(change, partOf[stepOf(change, id).kind])
  return change.begun.includes(id) ? next : { ...next, begun: [...next.begun, id] }
}

/** The first step of a part moves the change into it; where nothing is to prepare that is passed by. */
function movedInto(change: Change, part: 'prepare' | 'activate'): Change {
  if (part === 'prepare') return moved(change, 'prepare', 'preparing')
  const prepared = change.state === 'planned' ? settle(moved(change, 'prepare')) : change
  return moved(prepared, 'activate', 'activating')
}

/** A change is ready once every step of preparing is done. */
function settle(change: Change): Change {
  if (change.state !== 'preparing') return change
  return hasDone(change, 'prepare') ? moved(change, 'stage') : change
}

function withUndone(change: Change, step: string, failed: string | undefined): Change {
  const stuck = failed === undefined ? change.stuck : [...change.stuck, step]
  return { ...change, undone: [...change.undone, step], stuck }
}

function withEnd(change: Change, outcome: Exclude<Outcome, 'committed'>): Change {
  if (outcome === 'aborted') return { ...change, isOver: true }
  return { ...moved(change, outcome === 'restored' ? 'restore' : 'rescue'), isOver: true }
}

/** Moves along the table; a repeated event that already led to `already` changes nothing. */
function moved(change: Change, event: ChangeEvent, already?: ChangeState): Change {
  if (change.state === already) return change
  return { ...change, state: nextChangeState(change.state, event) }
}

export function hasDone(change: Change, part: 'prepare' | 'activate'): boolean {
  return change.plan.steps.every(
    step => partOf[step.kind] !== part || change.done.includes(step.id),
  )
}

export function stepOf(change: Change, id: string): Step {
  const step = change.plan.steps.find(one => one.id === id)
  if (step) return step
  throw new EngineError('engine/record', `cannot find step ${id} in the plan`)
}

function refuseRecord(record: JournalRecord, why: string): never {
  throw new EngineError('engine/record', `cannot take a ${record.type} record: ${why}`)
}

function refuseCommit(change: Change): never {
  const facts = { generation: change.plan.to }
  const message = `cannot commit generation ${change.plan.to}: it has not passed its probation`
  throw new EngineError('engine/no-verdict', message, facts)
}

/**
 * What the pointer says against what the journal lets it say. The pointer wins: a `found` record
 * closes whatever change was under way. Undefined where the two agree.
 */
export function reconcile(
  state: EngineState,
  pointer: number,
): { readonly type: 'found'; readonly generation: number; readonly why: string } | undefined {
  const allowed = pointersOf(state)
  if (allowed.includes(pointer)) return undefined
  const why = `the journal says ${allowed.join(' or ')}`
  return { type: 'found', generation: pointer, why }
}

function pointersOf({ change, generation }: EngineState): number[] {
  if (change === undefined) return [generation]
  const { from, to } = change.plan
  if (change.state === 'committed') return [to]
  if (change.undone.includes('activate') || !change.begun.includes('activate')) return [from]
  return change.done.includes('activate') && !change.abort ? [to] : [from, to]
}
