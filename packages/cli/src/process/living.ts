import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** A process by its id and its start, so that no other process that got the id passes for it. */
export interface ProcessName {
  readonly pid: number
  /** Clock ticks since boot, field 22 of /proc/PID/stat; and which boot. */
  readonly started: string
}

/** The name of a process that lives now. */
export function nameProcess(pid: number): ProcessName | undefined {
  const started = startOf(pid)
  return started === undefined ? undefined : { pid, started }
}

export function isAlive({ pid, started }: ProcessName): boolean {
  return startOf(pid) === started
}

/** Ends a process that is not our child: SIGTERM, then SIGKILL; returns when it is gone. */
export async function end(name: ProcessName, withinMs: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isAlive(name)) return
    process.kill(name.pid, signal)
    await goneWithin(name, withinMs)
  }
}

async function goneWithin(name: ProcessName, withinMs: number): Promise<void> {
  for (let waited = 0; waited < withinMs && isAlive(name); waited += 20) await wait(20)
}

function startOf(pid: number): string | undefined {
  const file = `/proc/${pid}/stat`
  if (pid <= 0 || !existsSync(file)) return undefined
  // The name in the second field may hold spaces and brackets: fields are counted after its end.
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  const [state, ticks] = [fields[0], fields[19]]
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return state === 'Z' || ticks === undefined ? undefined : `${boot}/${ticks}`
}
