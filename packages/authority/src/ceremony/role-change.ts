import { keyIdOf, type PublicKey, type SigningRole } from '@steadfleet/trust'
import { AuthorityError } from '../error.ts'

/** What changes in who signs for a role. */
export interface RoleChange {
  readonly add: readonly PublicKey[]
  /** Beginnings of key ids, each of one key. */
  readonly remove: readonly string[]
  readonly threshold?: number
}

/** The role after a change. A threshold that its keys can't meet is refused where it is written. */
export function changeRole(name: string, held: SigningRole, change: RoleChange): SigningRole {
  const removed = new Set(change.remove.map(beginning => keyidIn(name, held, beginning)))
  const kept = held.keys.filter(key => !removed.has(keyIdOf(key)))
  const there = new Set(kept.map(keyIdOf))
  const added = change.add.filter(key => !there.has(keyIdOf(key)))
  return { keys: [...kept, ...added], threshold: change.threshold ?? held.threshold }
}

/** True for a change that leaves a role as it is. */
export function isNoChange({ add, remove, threshold }: RoleChange): boolean {
  return add.length === 0 && remove.length === 0 && threshold === undefined
}

function keyidIn(name: string, { keys }: SigningRole, beginning: string): string {
  const found = keys.map(keyIdOf).filter(id => id.startsWith(beginning))
  const [keyid] = found
  if (keyid !== undefined && found.length === 1 && beginning.length >= 8) return keyid
  const fact = found.length > 1 || beginning.length < 8 ? 'it may mean several' : 'no such key'
  const message = `cannot remove key ${beginning} of ${name}: ${fact}`
  throw new AuthorityError('authority/key', message, { name, key: beginning })
}
