import { fromHex } from '@steadfleet/base'
import { keyIdOf, type PublicKey, refuseWeakKey, type SigningRole } from '@steadfleet/trust'
import { AuthorityError } from './error.ts'

/** A role as documents write it: key ids and threshold. */
export interface RoleRow {
  readonly keyids: readonly string[]
  readonly threshold: number
}

/** A role that can be met: no weak key, no key twice, and no more signatures asked than keys given. */
export function toRoleRow(name: string, { keys, threshold }: SigningRole): RoleRow {
  for (const { keyval } of keys) refuseWeakKey(fromHex(keyval.public))
  const distinct = new Set(keys.map(key => key.keyval.public)).size
  if (distinct !== keys.length || threshold < 1 || threshold > distinct) {
    const message = `cannot ask ${threshold} signatures of ${distinct} distinct keys for ${name}`
    throw new AuthorityError('authority/threshold', message, { name, threshold, keys: distinct })
  }
  return { keyids: keys.map(keyIdOf), threshold }
}

/** Refuses a document that names a weak Ed25519 key: a device would count it for nothing, unsaid. */
export function refuseWeakKeys(keys: ReadonlyMap<string, PublicKey> = new Map()): void {
  for (const { keytype, keyval } of keys.values()) {
    if (keytype === 'ed25519') refuseWeakKey(Buffer.from(keyval.public, 'hex'))
  }
}
