import { readdirSync, readFileSync } from 'node:fs'
import { isMissing } from './files.ts'

/** A process as /proc shows it. Number and start together name it: numbers are used again. */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
  readonly start: string
  readonly isZombie: boolean
}

/** Reads a line of /proc/PID/stat; the name in parentheses may itself hold parentheses. */
export function parseStat(line: string): Process | undefined {
  const match = /^(\d+) \((.*)\) (.*)$/s.exec(line.trim())
  const rest = match?.[3]?.split(' ')
  const [state, parent, start] = [rest?.[0], rest?.[1], rest?.[19]]
  if (match === null || parent === undefined || start === undefined) return undefined
  const isZombie = state === 'Z' || state === 'X'
  return { pid: Number(match[1]), parent: Number(parent), name: match[2] ?? '', start, isZombie }
}

/** The process of this number, or undefined where there is none. */
export function processOf(pid: number): Process | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Whether that very process still runs. */
export function isAlive(process: Process): boolean {
  const now = processOf(process.pid)
  return now !== undefined && now.start === process.start && !now.isZombie
}

/** Every process of the machine, by parent. */
function processesByParent(): Map<number, Process[]> {
  const found = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => processOf(Number(name)) ?? [])
  return Map.groupBy(found, process => process.parent)
}

export interface Sandbox {
  readonly bwrap: Process | undefined
  readonly init: Process | undefined
  readonly inside: readonly Process[]
}

/**
 * What runs inside the sandbox of a keeper: all below the init of its process namespace. Below the
 * keeper stands bwrap, below it that init; whoever is orphaned inside becomes the init's child.
 */
export function sandboxOf(keeper: number): Sandbox {
  const children = processesByParent()
  const bwrap = children.get(keeper)?.find(process => process.name === 'bwrap')
  // Beside it may stand a proxy that was started before.
  const init = bwrap && children.get(bwrap.pid)?.find(process => process.name === 'bwrap')
  const inside: Process[] = []
  const open = init ? [init.pid] : []
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const below = children.get(pid) ?? []
    inside.push(...below)
    open.push(...below.map(process => process.pid))
  }
  return { bwrap, init, inside }
}

/** Sends a signal to that very process; one that has ended meanwhile is no fault. */
export function signal(target: Process, name: NodeJS.Signals): void {
  if (!isAlive(target)) return
  try {
    process.kill(target.pid, name)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
