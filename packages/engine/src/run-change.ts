import { CodedError } from '@steadfleet/base'
import type { ChangeHost, Journal, NewRecord, Signals } from './host.ts'
import type { Outcome } from './journal-record.ts'
import { nextMove, type Runnable } from './next-move.ts'
import { partOf, type Step } from './plan.ts'
import { beginProbation, nextProbation, type Probation, probationVerdict } from './probation.ts'
import type { Change } from './state.ts'

/** A reason to drop a change that is not activated yet: a newer order, or nothing wanted any more. */
export class Superseded extends CodedError<'engine/superseded'> {}

/** Thrown through a change when the agent ends: nothing is aborted, the next start goes on. */
export class Halted extends Error {}

/** Carries a change from wherever the journal says it is to its end. Any throw leaves it resumable. */
export async function runChange(
  journal: Journal,
  host: ChangeHost,
  signals: Signals,
): Promise<Outcome | undefined> {
  let outcome: Outcome | undefined
  while (journal.state.change) {
    signals.halt.throwIfAborted()
    const { change } = journal.state
    if (change.isOver) outcome = change.state as Outcome
    await makeMove(change, journal, host, signals)
  }
  return outcome
}

async function makeMove(
  change: Change,
  journal: Journal,
  host: ChangeHost,
  signals: Signals,
): Promise<void> {
  const next = nextMove(journal.state)
  switch (next.move) {
    case 'idle':
      return
    case 'do':
      return await doSteps(next.steps, journal, host, signals)
    case 'watch':
      return await watch(change, journal, host, signals.halt)
    case 'abort-by-verdict':
      return await abortByVerdict(change, journal)
    case 'commit':
      return void (await appendOrAbort(change, journal, { type: 'commit' }))
    case 'undo':
      return await undo(change, next.step, journal, host)
    case 'end':
      return await journal.append({ type: 'end', outcome: next.outcome })
    case 'tidy':
      await host.tidy(change)
      return await journal.checkpoint()
  }
}

interface Fault {
  readonly step: Step
  readonly error: unknown
}

/** Side by side. The first failure stops the others; the abort is written when all have ended. */
async function doSteps(
  steps: readonly Runnable[],
  journal: Journal,
  host: ChangeHost,
  signals: Signals,
): Promise<void> {
  const failed = new AbortController()
  const faults: Fault[] = []
  const attempts = steps.map(async runnable => {
    const stop = AbortSignal.any([...stopsOf(runnable.step, signals), failed.signal])
    try {
      await doStep(runnable, journal, host, stop)
    } catch (error) {
      faults.push({ step: runnable.step, error })
      failed.abort(error)
    }
  })
  await Promise.all(attempts)
  signals.halt.throwIfAborted()
  const [first] = faults
  if (first?.error instanceof Halted) throw first.error
  if (first) await abortByFault(first, journal)
}

/** A newer order stops what prepares a change; once it activates, it is carried through. */
function stopsOf(step: Step, { halt, supersede }: Signals): AbortSignal[] {
  return partOf[step.kind] === 'prepare' || step.kind === 'stop' ? [halt, supersede] : [halt]
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

/** Of these a second try under the same order would fail again: they are the release's own doing. */
const lastingKinds: readonly string[] = ['migrate', 'start']

/** Rule 2: the abort is durable before the first undo. */
async function abortByFault({ step, error }: Fault, journal: Journal): Promise<void> {
  const why = error instanceof Error ? error.message : String(error)
  await journal.append({
    type: 'abort',
    code: error instanceof CodedError ? error.code : `engine/${step.kind}`,
    why: why.slice(0, 900),
    packages: step.package ? [step.package] : [],
    lasting: lastingKinds.includes(step.kind),
  })
}

async function abortByVerdict({ verdict }: Change, journal: Journal): Promise<void> {
  if (verdict?.verdict !== 'failed') throw new TypeError('the verdict is not a failure')
  const { packages, why } = verdict
  await journal.append({ type: 'abort', code: 'engine/probation', why, packages, lasting: true })
}

/** Looks until there is a verdict. What was seen is written down, so that a restart counts on. */
async function watch(
  change: Change,
  journal: Journal,
  host: ChangeHost,
  halt: AbortSignal,
): Promise<void> {
  const rule = await host.probationRule(change)
  let written = change.probation
  let seen = written ?? beginProbation(rule)
  let verdict = probationVerdict(rule, seen)
  while (verdict.verdict === 'undecided') {
    if (written === undefined || isWorthWriting(written, seen)) {
      if (!(await appendOrAbort(change, journal, { type: 'watch', probation: seen }))) return
      written = seen
    }
    const { milliseconds, sights } = await host.look(change, halt)
    halt.throwIfAborted()
    seen = nextProbation(seen, milliseconds, sights)
    verdict = probationVerdict(rule, seen)
  }
  if (!(await appendOrAbort(change, journal, { type: 'watch', probation: seen }))) return
  await appendOrAbort(change, journal, { type: 'verdict', verdict })
}

/**
 * A trial that can't be written down can't be passed: the disk may well be full of what is on trial,
 * and to wait for space would leave it running unproven. False where the change goes back.
 */
async function appendOrAbort(
  change: Change,
  journal: Journal,
  record: NewRecord,
): Promise<boolean> {
  try {
    await journal.append(record)
    return true
  } catch (error) {
    if (error instanceof Halted) throw error
    const packages = change.plan.steps.flatMap(step => step.package ?? [])
    const why = `cannot write down the trial: ${error instanceof Error ? error.message : error}`
    await journal.append({
      type: 'abort',
      code: error instanceof CodedError ? error.code : 'engine/record',
      why: why.slice(0, 900),
      packages: [...new Set(packages)].sort(),
      lasting: false,
    })
    return false
  }
}

/** Something happened, or five seconds passed in which nothing did. */
function isWorthWriting(written: Probation, seen: Probation): boolean {
  if (seen.milliseconds - written.milliseconds >= 5000) return true
  return seen.packages.some((watch, i) => {
    const before = written.packages[i]
    return (
      before?.late !== watch.late ||
      before.early !== watch.early ||
      before.readyAt !== watch.readyAt
    )
  })
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
      failed = error instanceof Error ? error.message : String(error)
    }
  }
  await journal.append({ type: 'undone', step: step.id, failed: failed.slice(0, 900) })
}
