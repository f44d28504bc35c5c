import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from 'node:crypto'
import { CodedError, fromHex, toHex, toUtf8 } from '@steadfleet/base'
import type { SessionKeys } from './client-session.ts'
import { macOf, type RequestSigner } from './signature.ts'

export type SessionErrorCode = 'request/weak-share'

/** Raised when no secret can be agreed on with what the other side offered. */
export class SessionError extends CodedError<SessionErrorCode> {}

/** What a session's key is of: with any of it another, both sides have different keys. */
export interface SessionTerms {
  /** The server's public origin, as the device has it. */
  readonly origin: string
  readonly device: string
  /** The server's nonce, under which the device's key signed the request that opened the session. */
  readonly nonce: string
  readonly session: string
  /** X25519 public keys, in hexadecimal. */
  readonly deviceKey: string
  readonly serverKey: string
}

/** One side's half of an agreement; it lives for one session. */
export interface SessionShare {
  /** X25519, in hexadecimal. */
  readonly publicKey: string
  /** The session's key, 32 bytes. */
  agree(peer: string, terms: SessionTerms): Uint8Array
}

/** How an X25519 key is written before its 32 bytes. RFC 8410 §7, §4 */
const privateHead = fromHex('302e020100300506032b656e04220420')
const publicHead = fromHex('302a300506032b656e032100')

/** A share of 32 random bytes. RFC 7748 §6.1 */
export function makeShare(seed: Uint8Array): SessionShare {
  const key = Buffer.concat([privateHead, seed])
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKey: toHex(new Uint8Array(spki.subarray(publicHead.length))),
    agree(peer, terms) {
      const key = Buffer.concat([publicHead, fromHex(peer)])
      const secret = secretOf(() => {
        const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
        return diffieHellman({ privateKey, publicKey })
      })
      return keyOf(secret, terms)
    },
  }
}

/** A point of small order leads to zero whatever the other's key is, and anybody knows zero. RFC 7748 §6.1 */
function secretOf(agree: () => Uint8Array): Uint8Array {
  const message = 'cannot agree on a session: the key offered is none, or of small order'
  let secret: Uint8Array
  try {
    secret = agree()
  } catch (cause) {
    throw new SessionError('request/weak-share', message, {}, { cause })
  }
  if (secret.some(byte => byte !== 0)) return secret
  throw new SessionError('request/weak-share', message)
}

/** RFC 5869, with everything that the key is of in what it is for. */
function keyOf(secret: Uint8Array, terms: SessionTerms): Uint8Array {
  const { origin, device, nonce, session, deviceKey, serverKey } = terms
  const info = ['steadfleet session 1', origin, device, session, deviceKey, serverKey].join('\n')
  return new Uint8Array(hkdfSync('sha256', secret, toUtf8(nonce), toUtf8(info), 32))
}

/** What signs in a session. */
export function signerInSession(session: string, key: Uint8Array): RequestSigner {
  return { keyid: session, alg: 'hmac-sha256', sign: async base => macOf(base, key) }
}

/** The device's half of sessions, from a source of random bytes. */
export function makeSessionKeys(random: (length: number) => Uint8Array): SessionKeys {
  return {
    offer() {
      const { publicKey, agree } = makeShare(random(32))
      return {
        publicKey,
        accept: ({ serverKey, ...terms }) =>
          signerInSession(
            terms.session,
            agree(serverKey, { ...terms, serverKey, deviceKey: publicKey }),
          ),
      }
    },
  }
}
