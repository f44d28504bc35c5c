import { setTimeout as wait } from 'node:timers/promises'
import type { DeviceView } from '@steadfleet/protocol'
import { listDevices, serverEvents } from '@steadfleet/protocol'
import { CliError } from '../error.ts'
import type { Fleet } from '../fleet/open.ts'
import type { Say } from '../progress.ts'
import type { World } from '../world.ts'

/** Looks at a fleet again whenever its server says that something changed. */
export interface Watch {
  /** What `look` finds, once it finds anything; says meanwhile how each device is. */
  until<T>(what: string, look: () => Promise<T | undefined>, say: Say): Promise<T>
  close(): void
}

/** A lost event costs a second, never the story. */
const secondWayMs = 1000
const patienceMs = 180_000

/** Follows the server's stream of events until closed. */
export function openWatch(fleet: Fleet, { interrupted: stop, now }: World): Watch {
  const ended = new AbortController()
  const signal = AbortSignal.any([ended.signal, stop])
  const bell = makeBell()
  const following = followEvents(fleet, signal, bell.ring)
  following.catch(bell.ring)
  return {
    async until(what, look, say) {
      const tell = deviceTeller(fleet, say)
      for (const began = +now(); +now() - began < patienceMs; ) {
        refuseInterrupted(stop)
        await tell()
        const found = await look()
        if (found !== undefined) return found
        await Promise.race([bell.next(), wait(secondWayMs)])
      }
      throw new CliError('cli/timeout', `cannot see ${what} after ${patienceMs / 1000} seconds`)
    },
    close: () => ended.abort(),
  }
}

export function refuseInterrupted(stop: AbortSignal): void {
  if (stop.aborted) throw new CliError('cli/interrupted', 'cannot finish the demo: interrupted')
}

async function followEvents(fleet: Fleet, signal: AbortSignal, ring: () => void): Promise<void> {
  for await (const _ of fleet.client.follow(serverEvents, { signal })) ring()
}

function makeBell(): { ring(): void; next(): Promise<void> } {
  let waiting = Promise.withResolvers<void>()
  return {
    ring() {
      waiting.resolve()
      waiting = Promise.withResolvers<void>()
    },
    next: () => waiting.promise,
  }
}

/** Says how a device is whenever that is new. */
function deviceTeller({ home, client }: Fleet, say: Say): () => Promise<void> {
  const told = new Map<string, string>()
  return async () => {
    const devices = await client.call(listDevices, { params: { fleet: home.fleet } })
    for (const device of devices) {
      const line = lineOf(device)
      if (told.get(device.id) !== line) say(line)
      told.set(device.id, line)
    }
  }
}

function lineOf({ name, state, generation, releases, online }: DeviceView): string {
  const runs = releases.map(release => `${release.package} revision ${release.revision}`).join(', ')
  return `${name}: ${online ? '' : 'offline, '}${state}, generation ${generation}, runs ${runs || 'nothing'}`
}
