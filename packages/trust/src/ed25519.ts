import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { fromHex, toHex } from '@steadfleet/base'
import { TrustError } from './error.ts'

/** Refuses a raw Ed25519 public key that any signature could be forged for, or that has two names. */
export function refuseWeakKey(raw: Uint8Array): void {
  const why = weaknessOf(raw)
  if (why === undefined) return
  throw new TrustError('trust/weak-key', `cannot trust key ${toHex(raw).slice(0, 64)}: ${why}`)
}

/** Checks one signature by a raw Ed25519 key; a weak key verifies nothing. */
export function isSignedBy(raw: Uint8Array, message: Uint8Array, sig: Uint8Array): boolean {
  const key = toEd25519(raw)
  return key !== undefined && isEd25519Signature(key, message, sig)
}

/** Checks one signature by an Ed25519 key. RFC 8032 §5.1.7 */
export function isEd25519Signature(key: KeyObject, message: Uint8Array, sig: Uint8Array): boolean {
  return sig.length === 64 && verify(null, message, key, sig)
}

/** The key of 32 raw bytes, or undefined for a weak one. */
export function toEd25519(raw: Uint8Array): KeyObject | undefined {
  if (weaknessOf(raw) !== undefined) return undefined
  const key = Buffer.concat([spkiPrefix, raw])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

/** RFC 8410 §4: the fixed beginning of an Ed25519 SubjectPublicKeyInfo. */
const spkiPrefix = fromHex('302a300506032b6570032100')

const p = 2n ** 255n - 19n

/** The y of every point whose order divides eight: 1, −1, 0 and the two of order eight. */
const smallOrder: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  p - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
])

function weaknessOf(raw: Uint8Array): string | undefined {
  if (raw.length !== 32) return 'not 32 bytes'
  const number = BigInt(`0x${toHex(raw.toReversed())}`)
  const y = number & (2n ** 255n - 1n)
  if (y >= p) return 'not in its canonical form'
  return smallOrder.has(y) ? 'of small order' : undefined
}
