import { isCoded } from '@steadfleet/base'
import { ProblemError } from './problem.ts'
import type { RouteSpec } from './route.ts'
import { openDeviceSession } from './routes/devices.ts'
import type { Freshness, RequestSigner } from './signature.ts'

/** What both sides put into a session's key beside their halves of it. */
export interface AgreedTerms {
  readonly origin: string
  readonly device: string
  readonly nonce: string
  readonly session: string
  readonly serverKey: string
}

/** A device's half of its sessions; a client without it signs each request with the device's key. */
export interface SessionKeys {
  /** A new half. What it offers is good for one session. */
  offer(): { readonly publicKey: string; readonly accept: (terms: AgreedTerms) => RequestSigner }
}

/** A session as its client holds it: whoever signs in it, and the number of its next request. */
export interface ClientSession {
  readonly signer: RequestSigner
  next(): Freshness
}

export interface ClientSessions {
  /** In which a request of `route` is signed; undefined where the caller's own key signs it. */
  of(route: RouteSpec): Promise<ClientSession | undefined>
  /** Where the server refused `session`; the next request opens another. */
  forget(session: ClientSession): void
}

/** Opens sessions as they are needed, one at a time, however many requests wait for it. */
export function holdSession(open: () => Promise<ClientSession>): ClientSessions {
  let held: ClientSession | undefined
  let opening: Promise<ClientSession | undefined> | undefined
  let isUnknown = false
  const openAnew = async (): Promise<ClientSession | undefined> => {
    try {
      held = await open()
      return held
    } catch (error) {
      if (!isRefusal(error)) throw error
      // A server of before there were sessions is not asked again; of the device's key it knows enough.
      isUnknown = isCoded(error, 'request/unknown-route')
      return undefined
    } finally {
      opening = undefined
    }
  }
  return {
    async of(route) {
      if (isUnknown || !isInSession(route)) return undefined
      opening ??= held ? undefined : openAnew()
      return held ?? opening
    },
    forget(session) {
      if (held === session) held = undefined
    },
  }
}

/** A session, from what both sides agreed on. */
export function makeClientSession(signer: RequestSigner, nonce: string): ClientSession {
  let sequence = 0
  return {
    signer,
    next() {
      sequence += 1
      return { nonce, sequence }
    },
  }
}

/** Whether a refusal is of the session, and not of what was asked in it. */
export function isOver(error: unknown): boolean {
  const codes = ['request/session-over', 'request/replayed', 'request/bad-signature'] as const
  return codes.some(code => isCoded(error, code))
}

function isRefusal(error: unknown): boolean {
  return error instanceof ProblemError || isCoded(error, 'request/weak-share')
}

function isInSession(route: RouteSpec): boolean {
  return route.needs === 'device' && route !== openDeviceSession
}
