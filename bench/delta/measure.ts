import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one process and its children took. */
export interface Cost {
  /** User and system time. */
  readonly seconds: number
  /** Peak resident memory of the largest of them. */
  readonly megabytes: number
}

/** Runs a command in a folder, on one core, and tells what it took; a fault ends the benchmark. */
export function costOf(command: string, folder: string): Cost {
  const times = join(folder, 'times')
  const timed = ['-c', '1', '/usr/bin/time', '-o', times, '-f', '%U %S %M', 'sh', '-c', command]
  const { status, stderr } = spawnSync('taskset', timed, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`cannot run ${command}: ${stderr.slice(-400)}`)
  const last = readFileSync(times, 'utf8').trim().split('\n').at(-1) ?? ''
  const [user = 0, system = 0, kilobytes = 0] = last.split(' ').map(Number)
  return { seconds: user + system, megabytes: Math.round(kilobytes / 1024) }
}

/** What a command prints, as a number. */
export function numberFrom(command: string, folder: string): number {
  const { stdout } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' })
  return Number(stdout.trim())
}

export function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
}
