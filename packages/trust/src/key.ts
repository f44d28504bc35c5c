import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { digestOf, fromHex, toCanonical, toHex, toHexDigest } from '@steadfleet/base'
import { TrustError } from './error.ts'
import { record, type Shape, text } from './shape.ts'

/** A public key as TUF writes it (§4.2); members that are not named here are kept and hashed. */
export interface PublicKey {
  readonly keytype: string
  readonly scheme: string
  readonly keyval: { readonly public: string }
}

/** Who may sign: distinct public keys, and how many of them must. */
export interface SigningRole {
  readonly keys: readonly PublicKey[]
  readonly threshold: number
}

/** A signature and the id of the key it claims to be by. */
export interface Signature {
  readonly keyid: string
  readonly sig: Uint8Array
}

const keyMembers = record({ keytype: text, scheme: text, keyval: record({ public: text }) })

/** Checks the members and yields the object as it stands, so that its id stays computable. */
export const publicKey: Shape<PublicKey> = (value, at) => {
  keyMembers(value, at)
  return value as unknown as PublicKey
}

/** The id of a key: the SHA-256 of its canonical form, in hexadecimal. TUF §4.2 */
export function keyIdOf(key: PublicKey): string {
  return toHexDigest(digestOf(toCanonical(key)))
}

/** The TUF key object of a raw Ed25519 public key of 32 bytes. */
export function ed25519Key(raw: Uint8Array): PublicKey {
  return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: toHex(raw) } }
}

/** Refuses a raw Ed25519 public key that any signature could be forged for, or that has two names. */
export function refuseWeakKey(raw: Uint8Array): void {
  const why = weaknessOf(raw)
  if (why === undefined) return
  throw new TrustError('trust/weak-key', `cannot trust key ${toHex(raw).slice(0, 64)}: ${why}`)
}

/** Checks one signature by a raw Ed25519 key; a weak key verifies nothing. */
export function isSignedBy(raw: Uint8Array, message: Uint8Array, sig: Uint8Array): boolean {
  if (weaknessOf(raw) !== undefined || sig.length !== 64) return false
  return verify(null, message, toKeyObject(raw), sig)
}

/**
 * The role that `keyids` of `keys` make. A key whose id is not the digest of its canonical form
 * counts for nothing, and does not spoil the document that carries it.
 */
export function toSigningRole(
  keys: ReadonlyMap<string, PublicKey>,
  role: { readonly keyids: readonly string[]; readonly threshold: number },
): SigningRole {
  const own = role.keyids.flatMap(id => {
    const key = keys.get(id)
    return key !== undefined && keyIdOf(key) === id ? [key] : []
  })
  return { keys: own, threshold: role.threshold }
}

/** Refuses a message that fewer distinct public keys than the threshold have signed. TUF §5.1 */
export function refuseBelowThreshold(
  what: string,
  role: SigningRole,
  message: Uint8Array,
  signatures: readonly Signature[],
): void {
  const byId = new Map(role.keys.map(key => [keyIdOf(key), key]))
  const signers = new Set<string>()
  for (const { keyid, sig } of signatures) {
    const raw = rawKey(byId.get(keyid))
    // Counted by public key: the same key under two ids is one signer.
    if (raw !== undefined && isSignedBy(raw, message, sig)) signers.add(toHex(raw))
  }
  if (signers.size >= role.threshold && role.threshold >= 1) return
  const facts = { what, threshold: role.threshold, signatures: signers.size }
  const count = `${signers.size} of ${role.threshold} signatures`
  throw new TrustError('trust/threshold', `cannot trust ${what}: ${count} count`, facts)
}

/** The raw key, or undefined for a kind or spelling of key that this reader does not verify with. */
function rawKey(key: PublicKey | undefined): Uint8Array | undefined {
  if (key?.keytype !== 'ed25519' || key.scheme !== 'ed25519') return undefined
  return /^[0-9a-f]{64}$/.test(key.keyval.public) ? fromHex(key.keyval.public) : undefined
}

/** RFC 8410 §4: the fixed beginning of an Ed25519 SubjectPublicKeyInfo. */
const spkiPrefix = fromHex('302a300506032b6570032100')

function toKeyObject(raw: Uint8Array): KeyObject {
  const key = Buffer.concat([spkiPrefix, raw])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

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
