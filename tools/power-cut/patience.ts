import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { isSystemError } from '../../packages/agent/src/error.ts'
import type { PretendFleet } from '../../packages/agent/src/testing/pretend-fleet.test.ts'

/** A device on a machine that is busy takes long, and is not stuck: what it does is looked at, not the clock. */
export interface Patience {
  /** So long nothing at all may change on the device's disk or in what it asks and tells. */
  readonly quietMs: number
}

/** Enough on a machine that is not overloaded. */
export const usualPatience: Patience = { quietMs: 120_000 }

/** So many quiet times in a row at most: what changes for ever does not end either. */
const mostQuiets = 8
const lookMs = 3000
/** What goes on however stuck a device is: it tells its fleet that nothing is new. */
const heartbeat = /^(outbox|identity|trust|lock\.db.*|holder)(\/|$)/

/** Resolves with what `is` finds; refuses a device that does nothing more, or never comes to an end. */
export async function untilSeen<T>(
  { fleet, paths, patience: { quietMs } }: Watched,
  what: string,
  is: () => T | undefined,
): Promise<T> {
  const watch = watchProgress(fleet, paths, quietMs)
  const seen = await fleet.until<{ found: T } | 'stuck'>(
    what,
    () => {
      const found = is()
      return found === undefined ? watch() : { found }
    },
    quietMs * mostQuiets,
  )
  if (seen !== 'stuck') return seen.found
  const { state, releases } = fleet.reports.at(-1) ?? {}
  const told = fleet.events.slice(-6).map(event => event.message)
  const last = JSON.stringify({ state, releases, told })
  throw new Error(`cannot see ${what}: nothing changed for ${quietMs / 1000} s: ${last}`)
}

interface Watched {
  readonly fleet: PretendFleet
  readonly paths: Paths
  readonly patience: Patience
}

function watchProgress(fleet: PretendFleet, paths: Paths, quietMs: number) {
  let seen = ''
  let looked = 0
  let changed = performance.now()
  return (): 'stuck' | undefined => {
    const now = performance.now()
    if (now - looked < lookMs) return undefined
    looked = now
    const trace = traceOf(fleet, paths)
    if (trace !== seen) changed = now
    seen = trace
    return now - changed > quietMs ? 'stuck' : undefined
  }
}

/** Differs whenever the device did anything but tell that it is there. */
function traceOf({ events, sent }: PretendFleet, { root }: Paths): string {
  return [events.length, sent, ...timesBelow(root, '')].join()
}

/** What goes while it is looked at has changed. */
function timesBelow(root: string, folder: string): number[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
      const name = join(folder, entry.name)
      if (heartbeat.test(name)) return []
      const time = lstatSync(join(root, name)).ctimeMs
      return entry.isDirectory() ? [time, ...timesBelow(root, name)] : [time]
    })
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [performance.now()]
    throw error
  }
}
