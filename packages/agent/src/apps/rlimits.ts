import { readFileSync } from 'node:fs'
import type { CgroupHome } from './cgroup-homes.ts'
import type { Limits } from './cgroups.ts'

/**
 * Limits of each process, as options of prlimit(1): files that it holds open, core dumps, and what no
 * cgroup limits here. Inside a user namespace they are set after it is made (by the launcher), else
 * processes would be counted with all that the agent's user runs.
 */
export function rlimitOptions(homes: readonly CgroupHome[], limits: Limits): string[] {
  const has = (name: 'memory' | 'pids') => homes.some(home => home.controllers.includes(name))
  return [
    `--nofile=${atMost(limits.openFiles, 'Max open files')}`,
    // Not 0: by that the kernel makes no file, but still starts the program that core_pattern names
    // after a |, as root. 1 is its word for neither. core(5)
    `--core=${atMost(1, 'Max core file size')}`,
    ...(has('pids') ? [] : [`--nproc=${limits.processes}`]),
    ...(has('memory') ? [] : [`--data=${limits.memoryBytes}`]),
  ]
}

/** Nobody may be given more than this process may have; the soft limit is the hard one. */
function atMost(wanted: number, name: string): number {
  const line = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .find(one => one.startsWith(name))
  const hard = Number(line?.slice(name.length).trim().split(/\s+/)[1])
  return Number.isNaN(hard) ? wanted : Math.min(wanted, hard)
}
