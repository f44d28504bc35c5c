import { CodedError } from '@steadfleet/base'
import type { Change } from './change.ts'
import {
  type Fault,
  failChange,
  faultOfGate,
  faultOfProbation,
  faultOfStep,
  whyOf,
} from './fail-change.ts'
import { type ChangeHost, Halted, type Journal, type Signals } from './host.ts'
import type { Outcome } from './journal-record.ts'
import { type Move, nextMove, type Runnable } from './next-move.ts'
import { partOf, type Step } from './plan.ts'
import { appendOrAbort, type Watching, watch } from './watch-probation.ts'

/** A reason to drop a change that is not activated yet: a newer order, or nothing wanted any more. */
export class Superseded extends CodedError<'engine/superseded'> {}

/** How a change came out, and whether it left something behind that may go better another time. */
export interface ChangeEnd {
  readonly outcome: Outcome
  readonly isToRetry: boolean
}

/** Carries a change from wherever the journal says it is to its end. Any throw leaves it resumable. */
export async function runChange(
  journal: Journal,
  host: ChangeHost,
  signals: Signals,
): Promise<ChangeEnd | undefined> {
  let ended: ChangeEnd | undefined
  let isResumed = journal.state.change?.probation !== undefined
  while (journal.state.change) {
    signals.halt.throwIfAborted()
    const { change } = journal.state
    if (change.isOver) ended = endOf(change)
    const { move } = await makeMove(change, { journal, host, signals, isResumed })
    if (move === 'watch') isResumed = false
  }
  return ended
}

function endOf({ state, abort, drops }: Change): ChangeEnd {
  const failures = abort ? [...drops, abort] : drops
  return { outcome: state as Outcome, isToRetry: failures.some(one => !one.lasting) }
}

async function makeMove(change: Change, watching: Watching): Promise<Move> {
  const next = nextMove(watching.journal.state)
  await make(next, change, watching)
  return next
}

async function make(next: Move, change: Change, watching: Watching): Promise<void> {
  const { journal, host, signals } = watching
  switch (next.move) {
    case 'idle':
      return
    case 'do':
      if (isAtGate(change, next.steps) && !(await passGate(change, journal, host, signals))) return
      return await doSteps(next.steps, journal, host, signals)
    case 'watch':
      return await watch(change, watching)
    case 'fail-by-verdict':
      return await failByVerdict(change, journal, host)
    case 'commit':
      return void (await appendOrAbort(change, journal, { type: 'commit' }))
    case 'undo':
      return await undo(change, next.step, journal, host)
    case 'abort-stuck':
      return await abortStuck(change, journal)
    case 'recall':
      return await journal.append({ type: 'abort', ...recalled })
    case 'end':
      return await journal.append({ type: 'end', outcome: next.outcome })
    case 'tidy':
      await host.tidy(change)
      return await journal.checkpoint()
  }
}

/** All is prepared, and nothing of what runs was touched yet: here a change waits, kept as it is. */
function isAtGate({ state }: Change, steps: readonly Runnable[]): boolean {
  const isUntouched = state === 'planned' || state === 'ready'
  return isUntouched && steps.some(({ step }) => partOf[step.kind] === 'activate')
}

/** False where the change ended instead: a newer order took its place, or somebody recalled it. */
async function passGate(
  change: Change,
  journal: Journal,
  host: ChangeHost,
  { halt, supersede, recall }: Signals,
): Promise<boolean> {
  const stop = AbortSignal.any([halt, supersede, recall])
  try {
    await host.untilAllowed(change, stop)
    return true
  } catch (error) {
    halt.throwIfAborted()
    if (error instanceof Halted) throw error
    if (!isNoFault(journal, stop)) await failChange(journal, host, [faultOfGate(error)])
    return false
  }
}

/** A step that another one's failure stopped did not fail: it is done again, or undone with its lane. */
class Stopped extends Error {}

/** Side by side. The first failure stops the others; what it ends is written when all have ended. */
async function doSteps(
  steps: readonly Runnable[],
  journal: Journal,
  host: ChangeHost,
  signals: Signals,
): Promise<void> {
  const failed = new AbortController()
  const faults: Fault[] = []
  const attempts = steps.map(async runnable => {
    const { step } = runnable
    const stop = AbortSignal.any([
      ...stopsOf(step, signals),
      ...stopsOnFailure(step, failed.signal),
    ])
    try {
      await doStep(runnable, journal, host, stop)
    } catch (error) {
      if (error instanceof Halted) throw error
      if (isNoFault(journal, stop)) return
      faults.push(faultOfStep(step, error))
      failed.abort(new Stopped())
    }
  })
  const ends = await Promise.allSettled(attempts)
  signals.halt.throwIfAborted()
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  if (faults.length > 0) await failChange(journal, host, faults)
}

function isNoFault({ state }: Journal, stop: AbortSignal): boolean {
  const isStopped = stop.aborted && stop.reason instanceof Stopped
  return isStopped || state.change?.isRecalled === true
}

/** A newer order stops what prepares a change; once it activates, it is carried through. */
function stopsOf(step: Step, { halt, supersede, recall }: Signals): AbortSignal[] {
  const isEarly = partOf[step.kind] === 'prepare' || step.kind === 'stop'
  return isEarly ? [halt, recall, supersede] : [halt, recall]
}

/** Fetching goes on later from where it was; a migration would have to begin again, so it may end. */
function stopsOnFailure(step: Step, failed: AbortSignal): AbortSignal[] {
  return partOf[step.kind] === 'prepare' ? [failed] : []
}

async function doStep(
  { step, again }: Runnable,
  journal: Journal,
  host: ChangeHost,
  stop: AbortSignal,
): Promise<void> {
  stop.throwIfAborted()
  // Rule 1: begin before the first effect, done with its receipt after it.
  if (!again) await journal.append({ type: 'begin', step: step.id })
  const { change } = journal.state
  if (change === undefined) throw new TypeError('no change is under way')
  const receipt = await host.apply(change, step, again, stop)
  await journal.append({ type: 'done', step: step.id, receipt })
}

async function failByVerdict(change: Change, journal: Journal, host: ChangeHost): Promise<void> {
  const { verdict } = change
  if (verdict?.verdict !== 'failed') throw new TypeError('the verdict is not a failure')
  const faults = verdict.faults.map(fault => faultOfProbation(change, fault))
  await failChange(journal, host, faults)
}

const recalled = {
  code: 'engine/recalled',
  why: 'it was recalled on the device',
  packages: [],
  lasting: false,
} as const

/** A lane that can't be taken back leaves the device neither here nor there: all of it goes back. */
async function abortStuck({ stuck }: Change, journal: Journal): Promise<void> {
  const why = `cannot take back ${stuck.join(', ')}`
  const blame = { code: 'engine/stuck', why, packages: [], lasting: false }
  await journal.append({ type: 'abort', ...blame })
}

const undoTries = 3

/** An undo that cannot be done is told and passed over, so that the others still are. */
async function undo(change: Change, step: Step, journal: Journal, host: ChangeHost): Promise<void> {
  let failed = ''
  for (let i = 0; i < undoTries; i++) {
    try {
      await host.undo(change, step)
      return await journal.append({ type: 'undone', step: step.id })
    } catch (error) {
      if (error instanceof Halted) throw error
      failed = whyOf(error)
    }
  }
  await journal.append({ type: 'undone', step: step.id, failed })
}
