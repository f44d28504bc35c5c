import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Cgroup, refusedForks } from './cgroups.ts'
import { logNames, turnsIn } from './keeper.ts'

/** What a running app does too much of, counted since its run began. */
export interface Excess {
  /** Bytes it said that were written over since: what its two log files could not hold. */
  readonly lostBytes: number
  /** Processes that the kernel did not let it begin. */
  readonly refusedForks: number
}

const lookMs = 5_000
/** More than this lost in one look is a flood, of which nobody could have read a line. */
const floodBytes = 4 * 1024 * 1024

/** Looks at a run again and again, and a last time at its end, and tells what it does in excess. */
export function watchExcess(
  run: { readonly folder: string; readonly cgroup: Cgroup },
  tell: (trouble: 'floods' | 'forks', why: string) => void,
): Disposable {
  let before = readExcess(run)
  const look = () => {
    const now = readExcess(run)
    const lost = now.lostBytes - before.lostBytes
    const refused = now.refusedForks - before.refusedForks
    before = now
    if (lost > floodBytes) tell('floods', `${megabytes(lost)} MB of output lost in 5 s`)
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

function readExcess({ folder, cgroup }: { folder: string; cgroup: Cgroup }): Excess {
  const turns = turnsIn(folder)
  const sizes = logNames.map(name => statSync(join(folder, name), { throwIfNoEntry: false })?.size)
  const lostBytes = turns * Math.max(0, ...sizes.map(size => size ?? 0))
  return { lostBytes, refusedForks: refusedForks(cgroup) }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
