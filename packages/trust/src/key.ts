import { digestOf, toCanonical, toHex, toHexDigest } from '@steadfleet/base'
import { toVerifyingKey, type VerifyingKey } from './algorithm.ts'
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
    const key = verifyingKey(byId.get(keyid))
    // Counted by public key: the same key under two ids is one signer.
    if (key?.isSigned(message, sig)) signers.add(key.identity)
  }
  if (signers.size >= role.threshold && role.threshold >= 1) return
  const facts = { what, threshold: role.threshold, signatures: signers.size }
  const count = `${signers.size} of ${role.threshold} signatures`
  throw new TrustError('trust/threshold', `cannot trust ${what}: ${count} count`, facts)
}

function verifyingKey(key: PublicKey | undefined): VerifyingKey | undefined {
  return key && toVerifyingKey(key.keytype, key.scheme, key.keyval.public)
}
