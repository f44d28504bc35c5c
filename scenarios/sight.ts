import { setTimeout as wait } from 'node:timers/promises'
import type { Fleet } from '../packages/cli/src/fleet/open.ts'
import {
  type DeviceView,
  type FailureView,
  listDevices,
  listFailures,
  listSecurityEvents,
  type TimelineEntry,
} from '../packages/protocol/src/index.ts'

/** What the server says of all devices. */
export interface Sight {
  readonly devices: readonly DeviceView[]
  readonly security: readonly TimelineEntry[]
  readonly failures: readonly FailureView[]
}

/** Looks until there is something to see; all who look share what the server said last. */
export type Until = <T>(
  what: string,
  look: (sight: Sight) => T | undefined | Promise<T | undefined>,
  seconds?: number,
) => Promise<T>

/**
 * Looks ten times a second, and asks the server at most five times. Nobody sees what was asked for
 * before he came: that may lack what he did just before.
 */
export function watchFleet(fleet: Fleet): Until {
  let last: { readonly asked: number; readonly sight: Promise<Sight> } | undefined
  const seen = (from: number): Promise<Sight> => {
    const now = performance.now()
    if (last === undefined || last.asked < Math.max(from, now - 200))
      last = { asked: now, sight: askServer(fleet) }
    return last.sight
  }
  return async (what, look, seconds = 90) => {
    const start = performance.now()
    while (performance.now() < start + seconds * 1000) {
      const found = await look(await seen(start))
      if (found !== undefined) return found
      await wait(100)
    }
    throw new Error(`cannot see ${what} after ${seconds} seconds`)
  }
}

async function askServer({ client, home }: Fleet): Promise<Sight> {
  const [devices, security, failures] = await Promise.all([
    client.call(listDevices, { params: { fleet: home.fleet } }),
    client.call(listSecurityEvents, { query: { limit: 500 } }),
    client.call(listFailures, { query: { limit: 500 } }),
  ])
  return { devices, security, failures }
}
