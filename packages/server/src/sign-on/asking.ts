import { createHash, timingSafeEqual } from 'node:crypto'
import { toBase64Url, toUtf8 } from '@steadfleet/base'
import { ServerError } from '../error.ts'
import type { Nonces } from '../http/nonces.ts'

/**
 * What one way to the provider and back is bound to. All of it follows from a secret that only this
 * browser has, in a cookie that no script reads, and a nonce of this server: nothing is kept for who only asks.
 */
export interface Asking {
  readonly state: string
  /** OpenID Connect Core §3.1.2.1 */
  readonly nonce: string
  /** RFC 7636 §4.1 */
  readonly verifier: string
}

/** Why somebody goes there: to sign in, or so that this person connects an account. */
export type Purpose = 'in' | `connect:${string}`

export function beginAsking(nonces: Nonces, secret: string, purpose: Purpose): Asking {
  return askingOf(secret, purpose, nonces.make())
}

/**
 * The asking that an answer belongs to. It is looked at before anything is sent to the provider, and once:
 * a state of another browser, purpose, person or time is refused. Errors: `sign-in/refused`
 */
export function resumeAsking(
  nonces: Nonces,
  secret: string | undefined,
  { purpose, state }: { readonly purpose: Purpose; readonly state: string },
): Asking {
  const [, nonce = ''] = state.split('.')
  if (secret === undefined || !isSame(askingOf(secret, purpose, nonce).state, state)) {
    throw new ServerError('sign-in/refused', 'cannot sign in: this browser did not ask for that')
  }
  try {
    nonces.refuseStale({ nonce, sequence: 1 })
    nonces.refuseReplay('sign-on', { nonce, sequence: 1 })
  } catch (cause) {
    const message = 'cannot sign in: the answer came too late, or a second time'
    throw new ServerError('sign-in/refused', message, {}, { cause })
  }
  return askingOf(secret, purpose, nonce)
}

function askingOf(secret: string, purpose: Purpose, nonce: string): Asking {
  const of = (what: string): string => drawn([secret, purpose, nonce, what])
  const [kind] = purpose.split(':')
  return {
    state: `${kind}.${nonce}.${of('state')}`,
    nonce: of('nonce'),
    verifier: of('verifier'),
  }
}

/** 256 bits that only who has the secret can make; as JSON, so that no two lists are the same text. */
function drawn(from: readonly string[]): string {
  return toBase64Url(createHash('sha256').update(JSON.stringify(from)).digest())
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [toUtf8(a), toUtf8(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
