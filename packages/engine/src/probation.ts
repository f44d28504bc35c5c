import type { PackageName } from '@steadfleet/domain'

/** What a new generation must show: each changed package ready in time, then well for the window. */
export interface ProbationRule {
  readonly windowSeconds: number
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
  return { milliseconds: 0, packages }
}

/** The sum of what was seen before and one more look, `milliseconds` after the last. */
export function nextProbation(
  before: Probation,
  milliseconds: number,
  sights: readonly Sight[],
): Probation {
  const now = before.milliseconds + milliseconds
  const packages = before.packages.map(watch => {
    const sight = sights.find(one => one.package === watch.package)
    return sight ? nextWatch(watch, sight, now) : watch
  })
  return { milliseconds: now, packages }
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
  const faults = seen.packages.flatMap(watch => faultOf(rule, watch, seen.milliseconds))
  if (faults.length > 0) return { verdict: 'failed', faults }
  return { verdict: isProven(rule, seen) ? 'passed' : 'undecided' }
}

function isProven(rule: ProbationRule, seen: Probation): boolean {
  const ready = seen.packages.map(watch => watch.readyAt)
  if (ready.includes(null)) return false
  const since = Math.max(0, ...ready.map(at => at ?? 0))
  const isWell = seen.packages.every(watch => watch.failing === 0)
  return isWell && seen.milliseconds - since >= rule.windowSeconds * 1000
}

function faultOf(rule: ProbationRule, watch: Watch, now: number): PackageFault[] {
  const why = whyFailed(rule, watch, now)
  if (why === undefined) return []
  return [{ package: watch.package, why: `${watch.package} ${why}`.slice(0, 900) }]
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
