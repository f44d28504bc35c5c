import type { PackageName } from '@steadfleet/domain'

/** What a new generation must show: each changed package ready in time, then well for the window. */
export interface ProbationRule {
  readonly windowSeconds: number
  /** Which start of the machine this is; in another one, what ran begins again. */
  readonly boot: string
  readonly packages: readonly {
    readonly package: PackageName
    /** Until when it must have become ready. */
    readonly startSeconds: number
  }[]
}

/** Restarts a package may have before it was ever ready; after that, none. */
const restartsUntilReady = 2
/** Checks in a row that may fail once a package was ready. */
const failuresInARow = 2
/** Lives of the agent that a trial may take beyond its first, and one more for each hour of its window. */
const livesMore = 4
/** What one look counts for at most: a process that was held up has not watched. */
const longestLook = 10_000

/** One look at a package. `down` is what restarting would not mend: it gave up. */
export interface Sight {
  readonly package: PackageName
  readonly state: 'up' | 'starting' | 'down'
  /** As the supervisor counts; where it begins to count anew the lower number says so. */
  readonly restarts: number
  readonly healthy: boolean
  readonly why: string
}

/** Everything seen so far of one package. Seconds are of watching: time nobody watched never counts. */
export interface Watch {
  readonly package: PackageName
  readonly readyAt: number | null
  /** Before it was ready, and since. */
  readonly early: number
  readonly late: number
  readonly counted: number
  readonly failing: number
  readonly isDown: boolean
  readonly why: string
}

export interface Probation {
  readonly milliseconds: number
  /** Of these, those since all were ready: what the window asks for. */
  readonly well: number
  readonly boot: string
  /** When this start of the machine was first watched: readiness is waited for from here. */
  readonly since: number
  /** How often the agent, or all of the device, ended in the middle of it. */
  readonly cuts: number
  readonly packages: readonly Watch[]
}

export type Verdict =
  | { readonly verdict: 'undecided' }
  | { readonly verdict: 'passed' }
  | { readonly verdict: 'failed'; readonly faults: readonly PackageFault[] }

/** What a package did not show on probation, in words. */
export interface PackageFault {
  readonly package: PackageName
  readonly why: string
}

export function beginProbation(rule: ProbationRule): Probation {
  const packages = rule.packages.map(one => ({
    package: one.package,
    readyAt: null,
    early: 0,
    late: 0,
    counted: 0,
    failing: 0,
    isDown: false,
    why: 'not seen yet',
  }))
  return { milliseconds: 0, well: 0, boot: rule.boot, since: 0, cuts: 0, packages }
}

/**
 * What a next life of the agent goes on from. The count goes on; where the machine was started anew,
 * what it ran has to become ready anew.
 */
export function resumedProbation(rule: ProbationRule, written: WrittenProbation): Probation {
  const before = wholeProbation(rule, written)
  const cut = { ...before, cuts: before.cuts + 1 }
  if (before.boot === rule.boot) return cut
  const packages = before.packages.map(watch => ({ ...watch, readyAt: null, early: 0, failing: 0 }))
  return { ...cut, boot: rule.boot, since: before.milliseconds, packages }
}

/** An earlier agent wrote no more than what it saw of packages. */
export function wholeProbation({ boot }: ProbationRule, written: WrittenProbation): Probation {
  const { milliseconds, packages } = written
  const readyAt = Math.max(0, ...packages.map(watch => watch.readyAt ?? milliseconds))
  return { well: milliseconds - readyAt, boot, since: 0, cuts: 0, ...written }
}

/** As a journal may hold it. */
export type WrittenProbation = Pick<Probation, 'milliseconds' | 'packages'> & Partial<Probation>

/** The sum of what was seen before and one more look, `milliseconds` after the last. */
export function nextProbation(
  before: Probation,
  milliseconds: number,
  sights: readonly Sight[],
): Probation {
  const counted = Math.min(milliseconds, longestLook)
  const now = before.milliseconds + counted
  const wereReady = before.packages.every(watch => watch.readyAt !== null)
  const packages = before.packages.map(watch => {
    const sight = sights.find(one => one.package === watch.package)
    return sight ? nextWatch(watch, sight, now) : watch
  })
  const well = before.well + (wereReady ? counted : 0)
  return { ...before, milliseconds: now, well, packages }
}

function nextWatch(watch: Watch, sight: Sight, now: number): Watch {
  const more = sight.restarts - (sight.restarts < watch.counted ? 0 : watch.counted)
  const isWell = sight.state === 'up' && sight.healthy
  return {
    package: watch.package,
    readyAt: watch.readyAt ?? (isWell ? now : null),
    early: watch.early + (watch.readyAt === null ? more : 0),
    late: watch.late + (watch.readyAt === null ? 0 : more),
    counted: sight.restarts,
    failing: isWell ? 0 : watch.failing + 1,
    isDown: sight.state === 'down',
    why: sight.why,
  }
}

/** The verdict as far as it can be given. A failure is named before anything else is asked. */
export function probationVerdict(rule: ProbationRule, seen: Probation): Verdict {
  const faults = isCutTooOften(rule, seen)
    ? seen.packages.map(watch => fault(watch, `ran while the device ended ${seen.cuts} times`))
    : seen.packages.flatMap(watch => faultOf(rule, watch, seen.milliseconds - seen.since))
  if (faults.length > 0) return { verdict: 'failed', faults }
  return { verdict: isProven(rule, seen) ? 'passed' : 'undecided' }
}

function isProven(rule: ProbationRule, seen: Probation): boolean {
  const isWell = seen.packages.every(watch => watch.readyAt !== null && watch.failing === 0)
  return isWell && seen.well >= rule.windowSeconds * 1000
}

function isCutTooOften({ windowSeconds }: ProbationRule, { cuts }: Probation): boolean {
  return cuts > livesMore + Math.floor(windowSeconds / 3600)
}

function faultOf(rule: ProbationRule, watch: Watch, now: number): PackageFault[] {
  const why = whyFailed(rule, watch, now)
  return why === undefined ? [] : [fault(watch, why)]
}

function fault(watch: Watch, why: string): PackageFault {
  return { package: watch.package, why: `${watch.package} ${why}`.slice(0, 900) }
}

function whyFailed(rule: ProbationRule, watch: Watch, now: number): string | undefined {
  if (watch.isDown) return `gave up: ${watch.why}`
  if (watch.readyAt === null) return whyNotReady(rule, watch, now)
  if (watch.late > 0) return 'stopped by itself while it was on probation'
  if (watch.failing > failuresInARow) return `is not healthy: ${watch.why}`
  return undefined
}

function whyNotReady(rule: ProbationRule, watch: Watch, now: number): string | undefined {
  if (watch.early > restartsUntilReady) return `cannot start: ${watch.why}`
  const start = rule.packages.find(one => one.package === watch.package)?.startSeconds ?? 0
  if (now > start * 1000) return `was not ready in ${start} s: ${watch.why}`
  return undefined
}
