import type { Change } from './change.ts'
import { codeOf, whyOf } from './fail-change.ts'
import { type ChangeHost, Halted, type Journal, type NewRecord, type Signals } from './host.ts'
import {
  beginProbation,
  nextProbation,
  type Probation,
  type ProbationRule,
  probationVerdict,
  resumedProbation,
  wholeProbation,
} from './probation.ts'

export interface Watching {
  readonly journal: Journal
  readonly host: ChangeHost
  readonly signals: Signals
  /** An earlier life of the agent has written what the journal holds of the trial. */
  readonly isResumed: boolean
}

/** Looks until there is a verdict. What was seen is written down, so that a restart counts on. */
export async function watch(change: Change, watching: Watching): Promise<void> {
  const { journal, host } = watching
  const rule = await host.probationRule(change)
  const seen = await watchUntilDecided(rule, change, watching)
  if (seen === undefined) return
  const verdict = probationVerdict(rule, seen)
  if (verdict.verdict === 'undecided') throw new TypeError('there is no verdict yet')
  if (!(await appendOrAbort(change, journal, { type: 'watch', probation: seen }))) return
  await appendOrAbort(change, journal, { type: 'verdict', verdict })
}

/** All that was seen when it was enough; nothing where the change goes back for another reason. */
async function watchUntilDecided(
  rule: ProbationRule,
  change: Change,
  { journal, host, signals, isResumed }: Watching,
): Promise<Probation | undefined> {
  let seen = firstOf(rule, change, isResumed)
  let written: Probation | undefined
  while (probationVerdict(rule, seen).verdict === 'undecided') {
    if (written === undefined || isWorthWriting(written, seen)) {
      if (!(await appendOrAbort(change, journal, { type: 'watch', probation: seen }))) return
      written = seen
    }
    const look = await lookUnlessRecalled(change, host, signals)
    if (look === undefined) return
    seen = nextProbation(seen, look.milliseconds, look.sights)
  }
  return seen
}

function firstOf(rule: ProbationRule, { probation }: Change, isResumed: boolean): Probation {
  if (probation === undefined) return beginProbation(rule)
  return isResumed ? resumedProbation(rule, probation) : wholeProbation(rule, probation)
}

async function lookUnlessRecalled(
  change: Change,
  host: ChangeHost,
  { halt, recall }: Signals,
): Promise<Awaited<ReturnType<ChangeHost['look']>> | undefined> {
  try {
    const seen = await host.look(change, AbortSignal.any([halt, recall]))
    halt.throwIfAborted()
    return recall.aborted ? undefined : seen
  } catch (error) {
    halt.throwIfAborted()
    if (recall.aborted) return undefined
    throw error
  }
}

/**
 * A trial that can't be written down can't be passed: the disk may well be full of what is on trial,
 * and to wait for space would leave it running unproven. False where the change goes back.
 */
export async function appendOrAbort(
  change: Change,
  journal: Journal,
  record: NewRecord,
): Promise<boolean> {
  try {
    await journal.append(record)
    return true
  } catch (error) {
    if (error instanceof Halted) throw error
    if (journal.state.change?.isRecalled) return false
    const packages = change.plan.steps.flatMap(step => step.package ?? [])
    await journal.append({
      type: 'abort',
      code: codeOf(error, 'engine/record'),
      why: `cannot write down the trial: ${whyOf(error)}`.slice(0, 900),
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
