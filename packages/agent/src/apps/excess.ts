import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Excessive } from './apps.ts'
import {
  type Cgroup,
  type Counters,
  countersOf,
  memoryPressure,
  refusedForks,
  throttling,
} from './cgroups.ts'
import { logNames, turnsIn } from './keeper.ts'

/** What a running app does too much of, counted since its run began. */
export interface Excess {
  /** Bytes it said that were written over since: what its two log files could not hold. */
  readonly lostBytes: number
  /** Processes that the kernel did not let it begin. */
  readonly refusedForks: number
  /** Periods of its CPU limit, and those that held it back. */
  readonly periods: number
  readonly held: number
}

const lookMs = 5_000
/** Of a tenth of a second each: fewer are no sign of anything. */
const leastPeriods = 20
/** More than this lost in one look is a flood, of which nobody could have read a line. */
const floodBytes = 4 * 1024 * 1024

/** Looks at a run again and again, and a last time at its end, and tells what it does in excess. */
export function watchExcess(
  run: { readonly folder: string; readonly cgroup: Cgroup },
  tell: (trouble: Excessive, why: string) => void,
): Disposable {
  const watched = { folder: run.folder, counters: countersOf(run.cgroup) }
  let before = readExcess(watched)
  const told = new Set<Excessive>()
  // What lasts is told when it begins, and again after it has ended.
  const tellOnce = (trouble: Excessive, isSo: boolean, why: () => string) => {
    if (isSo && !told.has(trouble)) tell(trouble, why())
    if (isSo) told.add(trouble)
    else told.delete(trouble)
  }
  const look = () => {
    const now = readExcess(watched)
    const lost = now.lostBytes - before.lostBytes
    const refused = now.refusedForks - before.refusedForks
    const [periods, held] = [now.periods - before.periods, now.held - before.held]
    before = now
    if (lost > floodBytes) tell('floods', `${megabytes(lost)} MB of output lost in 5 s`)
    tellOnce('is throttled', periods >= leastPeriods && held > periods * 0.9, () => {
      return `its CPU limit held it back in ${held} of ${periods} periods`
    })
    const pressure = memoryPressure(watched.counters)
    tellOnce(
      'is short of memory',
      pressure > 50,
      () => `it waited for memory ${pressure} % of 10 s`,
    )
    if (refused > 0) tell('forks', `${refused} processes refused in 5 s: it has all it may have`)
  }
  const timer = setInterval(look, lookMs)
  timer.unref()
  const end = () => {
    clearInterval(timer)
    look()
  }
  return { [Symbol.dispose]: end }
}

function readExcess({ folder, counters }: { folder: string; counters: Counters }): Excess {
  const held = { refusedForks: refusedForks(counters), ...throttling(counters) }
  return { lostBytes: lostIn(folder), ...held }
}

/** Most apps never fill their first log file. */
function lostIn(folder: string): number {
  const turns = turnsIn(folder)
  if (turns === 0) return 0
  const sizes = logNames.map(name => statSync(join(folder, name), { throwIfNoEntry: false })?.size)
  return turns * Math.max(0, ...sizes.map(size => size ?? 0))
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
