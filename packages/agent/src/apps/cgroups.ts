import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { CgroupHome, Controller } from './cgroup-homes.ts'
import { isMissing, readIfThere } from './files.ts'
import { processOf, signal } from './processes.ts'

/** What an app may use; made by the agent out of the manifest and the machine. */
export interface Limits {
  readonly memoryBytes: number
  readonly processes: number
  /** Files that each process may hold open. */
  readonly openFiles: number
  /** Of one core; absent: what is left over by others. */
  readonly cpuPercent?: number
  /** Of each second, under a real-time policy. */
  readonly realTimePercent?: number
}

/** One app's cgroup: a folder in each hierarchy. Plain data, so that a successor finds it again. */
export type Cgroup = readonly string[]

/** Makes a cgroup of this name with these limits; one that is there gets them anew. */
export function makeCgroup(homes: readonly CgroupHome[], name: string, limits: Limits): Cgroup {
  return homes.map(home => {
    const folder = join(home.folder, name)
    mkdirSync(folder, { recursive: true })
    for (const controller of home.controllers) {
      // Devices are said by number once it is known what there is: device-wall.ts
      if (controller !== 'devices') setLimit[controller](folder, home.version, limits)
    }
    return folder
  })
}

/** The files by which a process joins: it writes 0 to each. */
export function joiningFiles(cgroup: Cgroup): string[] {
  return cgroup.map(folder => join(folder, 'cgroup.procs'))
}

type LimitController = Exclude<Controller, 'devices'>

const setLimit = {
  memory(folder, version, { memoryBytes }) {
    writeFileSync(
      join(folder, version === 2 ? 'memory.max' : 'memory.limit_in_bytes'),
      `${memoryBytes}`,
    )
    // Without this an app takes in swap what it may not take in memory.
    const swap =
      version === 2 ? ['memory.swap.max', '0'] : ['memory.memsw.limit_in_bytes', `${memoryBytes}`]
    writeIfThere(join(folder, swap[0] ?? ''), swap[1] ?? '')
  },
  pids(folder, _version, { processes }) {
    writeFileSync(join(folder, 'pids.max'), `${processes}`)
  },
  cpu(folder, version, { cpuPercent, realTimePercent = 0 }) {
    const quota = cpuPercent === undefined ? undefined : cpuPercent * (periodMicroseconds / 100)
    // Half of what the system's own services weigh (100 and 1024), so that these keep answering.
    if (version === 2) {
      writeFileSync(join(folder, 'cpu.weight'), '50')
      writeFileSync(join(folder, 'cpu.max'), `${quota ?? 'max'} ${periodMicroseconds}`)
      return
    }
    writeFileSync(join(folder, 'cpu.shares'), '512')
    writeIfThere(join(folder, 'cpu.cfs_quota_us'), `${quota ?? -1}`)
    if (realTimePercent > 0) allowRealTime(folder, realTimePercent * 10_000)
  },
} as const satisfies Record<
  LimitController,
  (folder: string, version: 1 | 2, limits: Limits) => void
>

const periodMicroseconds = 100_000
const realTime = 'cpu.rt_runtime_us'

/**
 * Lets an app spend so much of each second under a real-time policy. A group has none to begin with where the
 * kernel has groups for it, and a parent must have what its children have together. sched-rt-group.rst
 */
function allowRealTime(folder: string, microseconds: number): void {
  if (!existsSync(join(folder, realTime))) return
  const [own, shared] = [dirname(folder), dirname(dirname(folder))]
  const inOwn = realTimeBeside(folder) + microseconds
  const steps: [at: string, least: number][] = [
    [shared, realTimeBeside(own) + inOwn],
    [own, inOwn],
    [folder, microseconds],
  ]
  for (const [at, least] of steps) {
    if (realTimeOf(at) < least) writeFileSync(join(at, realTime), `${least}`)
  }
}

/** What the neighbours of a group have. */
function realTimeBeside(folder: string): number {
  const neighbours = foldersIn(dirname(folder)).map(name => join(dirname(folder), name))
  return neighbours
    .filter(one => one !== folder)
    .reduce((sum, one) => sum + Math.max(0, realTimeOf(one)), 0)
}

function realTimeOf(folder: string): number {
  return Number(readIfThere(join(folder, realTime)) ?? 0)
}

function writeIfThere(path: string, text: string): void {
  if (existsSync(path)) writeFileSync(path, text)
}

/** How many processes of this cgroup the kernel has ended because its memory was used up. */
export function outOfMemoryKills(cgroup: Cgroup): number {
  const counts = cgroup
    .flatMap(folder => ['memory.events', 'memory.oom_control'].map(name => join(folder, name)))
    .map(path => /^oom_kill (\d+)$/m.exec(readIfThere(path) ?? '')?.[1])
  return Math.max(0, ...counts.map(count => Number(count ?? 0)))
}

/** Files in which the kernel counts what a cgroup does; which hierarchy has which stays as it is. */
export type Counters = Readonly<Record<'forks' | 'cpu' | 'pressure', readonly string[]>>

/** Found once, so that whoever looks again and again asks for no file that is not there. */
export function countersOf(cgroup: Cgroup): Counters {
  const thereAs = (name: string) =>
    cgroup.map(folder => join(folder, name)).filter(path => existsSync(path))
  return {
    forks: thereAs('pids.events'),
    cpu: thereAs('cpu.stat'),
    pressure: thereAs('memory.pressure'),
  }
}

/** How many processes the kernel has refused this cgroup because it had all that it may have. */
export function refusedForks({ forks }: Counters): number {
  return mostIn(forks, /^max (\d+)$/m)
}

/** Periods in which the cgroup ran, and those in which it was held back by its CPU limit. */
export function throttling({ cpu }: Counters): { readonly periods: number; readonly held: number } {
  return {
    periods: mostIn(cpu, /^nr_periods (\d+)$/m),
    held: mostIn(cpu, /^nr_throttled (\d+)$/m),
  }
}

/** Of the last ten seconds the share, in percent, in which all of the cgroup waited for memory; version 2 knows. */
export function memoryPressure({ pressure }: Counters): number {
  return mostIn(pressure, /^full avg10=([\d.]+)/m)
}

function mostIn(paths: readonly string[], number: RegExp): number {
  const found = paths.map(path => Number(number.exec(readIfThere(path) ?? '')?.[1] ?? 0))
  return Math.max(0, ...found)
}

/** Ends all that is in the cgroup at once; false where no hierarchy can. */
export async function killCgroup(cgroup: Cgroup): Promise<boolean> {
  const killing = cgroup.map(folder => join(folder, 'cgroup.kill')).find(path => existsSync(path))
  if (killing !== undefined) {
    writeFileSync(killing, '1')
    return true
  }
  const freezing = cgroup.find(folder => existsSync(join(folder, 'freezer.state')))
  if (freezing === undefined) return false
  await killFrozen(freezing)
  return true
}

/** Frozen first, so that nothing forks away while the list is read. */
async function killFrozen(folder: string): Promise<void> {
  writeFileSync(join(folder, 'freezer.state'), 'FROZEN')
  for (let turn = 0; turn < 100 && !/FROZEN/.test(stateOf(folder)); turn += 1) await pause(1)
  for (const pid of pidsIn(folder)) {
    const process = processOf(pid)
    if (process !== undefined) signal(process, 'SIGKILL')
  }
  writeFileSync(join(folder, 'freezer.state'), 'THAWED')
}

function stateOf(folder: string): string {
  return readFileSync(join(folder, 'freezer.state'), 'utf8')
}

function pidsIn(folder: string): number[] {
  const text = readIfThere(join(folder, 'cgroup.procs')) ?? ''
  return text.split('\n').filter(Boolean).map(Number)
}

/** Whether anything runs in the cgroup. */
export function isPopulated(cgroup: Cgroup): boolean {
  return cgroup.some(folder => pidsIn(folder).length > 0)
}

/** Takes an empty cgroup away. The last process may still be leaving it: this waits a little. */
export async function removeCgroup(cgroup: Cgroup): Promise<void> {
  for (const folder of cgroup) {
    for (let turn = 0; turn < 50 && !isRemoved(folder); turn += 1) await pause(10)
  }
}

/** Takes away every empty cgroup of this agent but those of runs, which may be about to join theirs. */
export function sweepCgroups(homes: readonly CgroupHome[], runs: readonly Cgroup[]): void {
  const kept = new Set(runs.flat())
  for (const { folder } of homes) {
    const own = foldersIn(folder).map(name => join(folder, name))
    for (const cgroup of own) if (!kept.has(cgroup)) isRemoved(cgroup)
  }
}

/** Takes away what is empty of this agent's folders, down to the one that all agents share. */
export function leaveCgroupHomes(homes: readonly CgroupHome[]): void {
  sweepCgroups(homes, [])
  for (const { folder } of homes) if (isRemoved(folder)) isRemoved(dirname(folder))
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap(entry =>
      entry.isDirectory() ? [entry.name] : [],
    )
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** False while something is in it. */
function isRemoved(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    if (isMissing(error)) return true
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false
    throw error
  }
}
