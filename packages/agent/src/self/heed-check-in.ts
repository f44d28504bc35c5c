import { isCoded } from '@steadfleet/base'
import { isTransient } from '../server/transient.ts'
import type { Self } from './self.ts'

const probeMs = 5000

/**
 * An agent on trial is healthy once it has checked in. Where it could not, it is if the network or the
 * server can be shown to be what is missing: by a plain connection, which asks nothing of its own code.
 */
export async function heedCheckIn(self: Self, origin: string, error?: unknown): Promise<void> {
  if (self.well !== undefined) return
  const why = error === undefined ? 'it has checked in' : await whyAway(origin, error)
  if (why !== undefined) await self.setWell(why)
}

async function whyAway(origin: string, error: unknown): Promise<string | undefined> {
  if (!isCoded(error) || !isTransient(error)) return undefined
  // Whether the key is another one, or this agent reads it wrongly, cannot be told from here.
  if (error.code === 'agent/other-server') return undefined
  const isOwnWord = error.code === 'agent/unreachable' && (await isReachable(origin))
  return isOwnWord ? undefined : `its fleet is away: ${error.message}`
}

function isReachable(origin: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(origin)
  const { connect } = process.getBuiltinModule('node:net')
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = connect({ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) })
  socket.setTimeout(probeMs, () => resolve(false))
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
