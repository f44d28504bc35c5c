import type { ChangeState, PackageName } from '@steadfleet/domain'
import { type ChangeEvent, nextChangeState } from './change-table.ts'
import { EngineError } from './error.ts'
import type {
  Aborted,
  Checkpoint,
  Dropped,
  Found,
  JournalRecord,
  Judged,
  Outcome,
  Planned,
  Retried,
  Reverted,
} from './journal-record.ts'
import { partOf, type Step } from './plan.ts'
import type { WrittenProbation } from './probation.ts'

/** A change under way, or over and not yet checkpointed. */
export interface Change {
  readonly plan: Planned
  /** The generation it is for: the plan's, until a lane is dropped. */
  readonly to: number
  readonly state: ChangeState
  /** In the order in which they were begun: undoing goes backwards through it. */
  readonly begun: readonly string[]
  readonly done: readonly string[]
  readonly undone: readonly string[]
  /** Steps that could not be undone: the device is not quite what it was. */
  readonly stuck: readonly string[]
  /** Lanes that go back while the others go on. */
  readonly drops: readonly Dropped[]
  /** Where the pointer may stand. */
  readonly pointed: readonly number[]
  readonly probation?: WrittenProbation
  readonly verdict?: Judged['verdict']
  readonly abort?: Aborted
  /** Somebody at the device wants it taken back, however far it is. */
  readonly isRecalled: boolean
  /** Nothing is left to be undone; what remains is to tidy up and checkpoint. */
  readonly isOver: boolean
}

/** The records that belong to a change, behind its plan. */
export type ChangeRecord = Exclude<JournalRecord, Checkpoint | Planned | Found | Reverted | Retried>

export function beginChange(plan: Planned): Change {
  const none = { begun: [], done: [], undone: [], stuck: [], drops: [] }
  const open = { isRecalled: false, isOver: false }
  return { plan, to: plan.to, state: 'planned', ...none, pointed: [plan.from], ...open }
}

/** What is over, or going back already, stays as it is. */
export function recallChange(change: Change): Change {
  return change.isOver || change.abort ? change : { ...change, isRecalled: true }
}

/** The change after one more record; one that the rules forbid here is refused, not written. */
export function nextChange(change: Change, record: ChangeRecord): Change {
  switch (record.type) {
    case 'begin':
      return withBegun(change, record.step)
    case 'done':
      return withDone(change, record.step)
    case 'watch':
      return { ...moved(change, 'prove', 'probation'), probation: record.probation }
    case 'verdict':
      return { ...change, verdict: record.verdict }
    case 'drop':
      return withDrop(change, record)
    case 'abort':
      return { ...moved(change, 'abort'), abort: record, pointed: pointedOnAbort(change) }
    case 'undone':
      return withUndone(change, record.step, record.failed)
    case 'commit':
      refuseCommit(change)
      return { ...moved(change, 'commit'), isOver: true }
    case 'end':
      return withEnd(change, record.outcome)
  }
}

function withBegun(change: Change, id: string): Change {
  if (change.abort) throw new EngineError('engine/transition', `cannot begin ${id}: aborted`)
  const step = stepOf(change, id)
  if (isDropped(change, step))
    throw new EngineError('engine/transition', `cannot begin ${id}: dropped`)
  const next = movedInto(change, partOf[step.kind])
  if (change.begun.includes(id)) return next
  const pointed = step.kind === 'activate' ? [...change.pointed, change.to] : change.pointed
  return { ...next, pointed, begun: [...next.begun, id] }
}

function withDone(change: Change, id: string): Change {
  const pointed = stepOf(change, id).kind === 'activate' ? [change.to] : change.pointed
  return settle({ ...change, pointed, done: [...change.done, id] })
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

/**
 * The lane's verdict and its share of the trial are forgotten; where the pointer was moved already it
 * has to move again, and with it the step that does so is open once more.
 */
function withDrop(change: Change, record: Dropped): Change {
  if (change.abort) throw new EngineError('engine/transition', 'cannot drop a lane: aborted')
  const { verdict: _, probation, ...rest } = moved(change, 'drop')
  const drops = [...change.drops, record]
  return settle({
    ...rest,
    ...(probation && { probation: without(probation, packagesIn(change, record.lane)) }),
    drops,
    to: record.to,
    done: change.done.filter(id => stepOf(change, id).kind !== 'activate'),
    pointed: hasActivated(change) ? [...change.pointed, record.to] : change.pointed,
  })
}

function without(probation: WrittenProbation, dropped: readonly PackageName[]): WrittenProbation {
  const packages = probation.packages.filter(watch => !dropped.includes(watch.package))
  return { ...probation, packages }
}

function pointedOnAbort(change: Change): readonly number[] {
  return hasActivated(change) ? [...new Set([...change.pointed, change.plan.from])] : change.pointed
}

function hasActivated(change: Change): boolean {
  return change.begun.some(id => stepOf(change, id).kind === 'activate')
}

function withUndone(change: Change, id: string, failed: string | undefined): Change {
  const stuck = failed === undefined ? change.stuck : [...change.stuck, id]
  const isBack = stepOf(change, id).kind === 'activate' && failed === undefined
  const pointed = isBack ? [change.plan.from] : change.pointed
  return { ...change, undone: [...change.undone, id], stuck, pointed }
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

/** True when all of a part is done that was not dropped. */
export function hasDone(change: Change, part: 'prepare' | 'activate'): boolean {
  return change.plan.steps.every(
    step => partOf[step.kind] !== part || change.done.includes(step.id) || isDropped(change, step),
  )
}

export function isDropped(
  { drops }: Change,
  { lane }: { lane?: PackageName | undefined },
): boolean {
  return lane !== undefined && drops.some(drop => drop.lane === lane)
}

/** The packages that a change moves in one lane. */
export function packagesIn({ plan }: Change, lane: PackageName): PackageName[] {
  const names = plan.steps.flatMap(step => (step.lane === lane && step.package) || [])
  return [...new Set(names)]
}

/** Somebody wants something else, and nothing failed: what was fetched may be wanted by that, too. */
export function isOvertaken({ abort }: Pick<Change, 'abort'>): boolean {
  return abort?.code === 'engine/superseded'
}

export function stepOf(change: Change, id: string): Step {
  const step = change.plan.steps.find(one => one.id === id)
  if (step) return step
  throw new EngineError('engine/record', `cannot find step ${id} in the plan`)
}

function refuseCommit({ to, verdict, isRecalled }: Change): void {
  const said = `cannot commit generation ${to}`
  const details = { generation: to }
  if (isRecalled) throw new EngineError('engine/recalled', `${said}: it was recalled`, details)
  if (verdict?.verdict === 'passed') return
  throw new EngineError('engine/no-verdict', `${said}: it has not passed its probation`, details)
}
