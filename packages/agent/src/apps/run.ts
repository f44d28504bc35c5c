import type { ChildProcess } from 'node:child_process'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Cgroup, killCgroup } from './cgroups.ts'
import { AppsError } from './error.ts'
import { keeperIn, statusIn } from './keeper.ts'
import { isAlive, sandboxOf, signal } from './processes.ts'

/** One run of an app: a keeper and what it keeps, started by this agent or an earlier one. */
export interface Run {
  readonly keeper: number
  readonly cgroup: Cgroup
  /** Fulfilled when nothing of it runs any more: the status that the keeper left, if it could. */
  readonly ended: Promise<number | undefined>
  /** Ends the waiting, not the run. */
  readonly forget: () => void
}

/** The run whose keeper is a child of this process. */
export function ownRun(folder: string, cgroup: Cgroup, keeper: ChildProcess): Run {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const end = () => resolve(statusIn(folder))
  if (keeper.exitCode === null && keeper.signalCode === null) keeper.once('exit', end)
  else end()
  const forget = () => keeper.removeListener('exit', end)
  return { keeper: keeper.pid ?? 0, cgroup, ended: promise, forget }
}

const lookMs = 2000
const startMs = 5000

/** Whether an earlier agent got as far as a keeper; one that it started as it died may be about to. */
export async function hasBegun(folder: string): Promise<boolean> {
  for (let waited = 0; waited < startMs; waited += stepMs) {
    if (keeperIn(folder) !== undefined) return true
    await pause(stepMs)
  }
  return false
}

/** The run that an earlier agent began in this folder, if its keeper lives. */
export function foundRun(folder: string, cgroup: Cgroup): Run | undefined {
  const keeper = keeperIn(folder)
  if (keeper === undefined || !isAlive(keeper)) return undefined
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const look = () => {
    if (statusIn(folder) === undefined && isAlive(keeper)) return
    forget()
    resolve(statusIn(folder))
  }
  // The keeper's last word wakes this at once; the timer serves where the keeper was ended too.
  const watcher = watch(join(folder, 'state'), look)
  const timer = setInterval(look, lookMs)
  const forget = () => {
    watcher.close()
    clearInterval(timer)
  }
  look()
  return { keeper: keeper.pid, cgroup, ended: promise, forget }
}

const stepMs = 25
const quickMs = 2_000
const stuckMs = 15_000

/**
 * Asks everything in the sandbox to end, waits for `graceMs`, then ends it. False where it had to be
 * ended.
 */
export async function endRun(run: Run, graceMs: number): Promise<boolean> {
  const told = new Set<number>()
  const askAll = () => {
    for (const process of sandboxOf(run.keeper).inside) {
      if (!told.has(process.pid)) signal(process, 'SIGTERM')
      told.add(process.pid)
    }
  }
  if (await repeatUntilEnded(run, graceMs, askAll)) return true
  if (await repeatUntilEnded(run, quickMs, () => killInit(run))) return false
  if (await repeatUntilEnded(run, stuckMs, () => killAll(run))) return false
  const message = `cannot stop the app: its processes do not end (keeper ${run.keeper})`
  throw new AppsError('apps/cannot-stop', message, { keeper: run.keeper })
}

/** Acts again and again, since an app may be starting processes; false when the time is up. */
async function repeatUntilEnded(
  run: Run,
  withinMs: number,
  act: () => void | Promise<void>,
): Promise<boolean> {
  const stop = new AbortController()
  const ended = run.ended.then(() => true)
  const late = pause(withinMs, false, { signal: stop.signal }).catch(() => false)
  let verdict: boolean | 'again' = 'again'
  while (verdict === 'again') {
    await act()
    verdict = await Promise.race([ended, late, pause(stepMs, 'again' as const)])
  }
  stop.abort()
  return verdict
}

/**
 * The end of a process namespace's init is the end of all in it, and bwrap lives to see it: ended
 * together with its child, it would leave that to the device's init to bury.
 */
function killInit(run: Run): void {
  const { bwrap, init } = sandboxOf(run.keeper)
  const target = init ?? bwrap
  if (target !== undefined) signal(target, 'SIGKILL')
}

async function killAll(run: Run): Promise<void> {
  killInit(run)
  await killCgroup(run.cgroup)
}
