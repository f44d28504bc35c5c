import { globSync, readFileSync, statfsSync } from 'node:fs'
import type { Health } from '@steadfleet/domain'
import type { Apps } from '../apps/index.ts'
import { isSystemError } from '../error.ts'
import type { World } from '../world.ts'
import type { HealthRing } from './health-ring.ts'

/** Where a device tells of itself; elsewhere in tests. */
export interface HealthSources {
  readonly proc: string
  readonly sys: string
  /** The file system whose fullness counts. */
  readonly root: string
}

export interface Measuring {
  readonly sources: HealthSources
  readonly apps: Pick<Apps, 'status'>
  readonly world: World
  readonly ring: HealthRing
  readonly stop: AbortSignal
}

const everyMs = 60_000

/** Measures once a minute, from files that the kernel has at hand: no process, no wait. */
export async function measureForever({
  sources,
  apps,
  world,
  ring,
  stop,
}: Measuring): Promise<never> {
  const measure = healthMeter(sources, () =>
    apps.status().reduce((sum, { restarts }) => sum + restarts, 0),
  )
  for (;;) {
    await world.sleep(everyMs, stop)
    ring.add(measure(), world.monotonic())
  }
}

/** Measures what lies between two calls, and how things are now. */
export function healthMeter(
  { proc, sys, root }: HealthSources,
  restartsSoFar: () => number,
): () => Health {
  let before = { busy: 0, all: 0 }
  let restarted = restartsSoFar()
  return () => {
    const ticks = ticksIn(textOf(`${proc}/stat`))
    const all = ticks.all - before.all
    const cpu = all > 0 ? Math.round(((ticks.busy - before.busy) * 1000) / all) : null
    before = ticks
    const restarts = Math.max(0, restartsSoFar() - restarted)
    restarted += restarts
    return {
      cpu,
      memory: memoryIn(textOf(`${proc}/meminfo`)),
      disk: diskOf(root),
      temperature: warmestIn(sys),
      signal: signalIn(textOf(`${proc}/net/wireless`)),
      restarts,
    }
  }
}

/** The line of all processors: user, nice, system, idle, iowait, … in ticks. proc_stat(5) */
function ticksIn(stat: string): { readonly busy: number; readonly all: number } {
  const ticks = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').slice(0, 8).map(Number) ?? []
  const all = ticks.reduce((sum, one) => sum + one, 0)
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) }
}

function memoryIn(meminfo: string): number | null {
  const [total, available] = ['MemTotal', 'MemAvailable'].map(name =>
    Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(meminfo)?.[1]),
  )
  return total && available !== undefined ? Math.round(1000 - (available * 1000) / total) : null
}

function diskOf(root: string): number | null {
  const { blocks, bavail, bfree } = statfsSync(root)
  const usable = blocks - bfree + bavail
  return usable > 0 ? Math.round(1000 - (bavail * 1000) / usable) : null
}

/** Zones tell thousandths of a degree; one that is off tells nothing. */
function warmestIn(sys: string): number | null {
  const zones = globSync(`${sys}/class/thermal/thermal_zone*/temp`)
  const degrees = zones.map(zone => Number.parseInt(textOf(zone), 10)).filter(Number.isFinite)
  return degrees.length === 0 ? null : Math.round(Math.max(...degrees) / 100)
}

/** The level of the first interface that has one, in dBm; some drivers count from 256 down. */
function signalIn(wireless: string): number | null {
  const level = /^ *\w+: +\d+ +-?[\d.]+ +(-?[\d.]+)/m.exec(wireless)?.[1]
  if (level === undefined) return null
  const value = Math.round(Number(level))
  return value > 0 ? value - 256 : value
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    // What a kernel or a driver does not tell is not measured.
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EINVAL')) return ''
    if (isSystemError(error, 'ENODATA') || isSystemError(error, 'EIO')) return ''
    if (isSystemError(error, 'EAGAIN')) return ''
    throw error
  }
}
