import { type Json, type JsonObject, parseStrictJson } from '@steadfleet/base'
import {
  type Envelope,
  keyIdOf,
  type OwnerRoot,
  ownerRole,
  reopenOwnerRoot,
  type TrustPolicy,
} from '@steadfleet/trust'
import { AuthorityError } from '../error.ts'
import { nextEdition } from '../lifetime.ts'
import { toRoleRow } from '../role.ts'
import { toEnvelopeBytes, toStatementBytes } from '../statement.ts'
import type { Draft, DraftDocument } from './draft.ts'
import { heldContent } from './review.ts'
import { changeRole, type RoleChange } from './role-change.ts'

/** The owner's documents in force, as signed. */
export interface OwnerFiles {
  readonly root: Envelope
  readonly policy: Envelope
}

/** A name in a list of the policy, and whether it shall be there: `allowed` of catalogue `acme`. */
export interface PolicyChange {
  readonly place:
    | readonly ['catalogue', name: string, list: 'allowed' | 'refused']
    | readonly ['ceiling', interfaceName: string]
  readonly member: string
  readonly isThere: boolean
}

/** What the owner is to say. */
export interface OwnerChange {
  readonly roles: ReadonlyMap<'root' | 'director', RoleChange>
  readonly policy: readonly PolicyChange[]
  /** What was drafted in the place of the policy in force; `policy` changes this one then. */
  readonly drafted?: TrustPolicy
  /** Days that both are good for, if not the usual ones. */
  readonly days?: number
}

/**
 * A draft of the next owner root and of the next policy. Where nothing but the policy changes, the
 * root stays; a new root always brings a policy that its own keys have signed.
 */
export function draftOwner(files: OwnerFiles, change: OwnerChange, now: Date): Draft {
  const held = new Map([
    ['owner-root', toEnvelopeBytes(files.root)],
    ['policy', toEnvelopeBytes(files.policy)],
  ])
  const changesPolicy = change.policy.length > 0 || change.drafted !== undefined
  const isPolicyAlone = change.roles.size === 0 && changesPolicy
  const policy = nextPolicy(heldContent({ held }, policyDocument), change, now)
  if (isPolicyAlone) return { documents: [policy], held }
  const content = heldContent({ held }, rootDocument)
  const root = nextRoot(content, reopenOwnerRoot(files.root), change, now)
  return { documents: [root, policy], held }
}

const rootDocument = { kind: 'owner-root', name: 'owner-root' } as const
const policyDocument = { kind: 'policy', name: 'policy' } as const

function nextRoot(
  source: JsonObject,
  held: OwnerRoot,
  { roles, days }: OwnerChange,
  now: Date,
): DraftDocument {
  const next = (['root', 'director'] as const).map(name => {
    const role = ownerRole(held, name)
    const change = roles.get(name)
    return [name, change ? changeRole(name, role, change) : role] as const
  })
  const keys = next.flatMap(([, role]) => role.keys)
  const content = {
    ...source,
    ...nextEdition('owner-root', held.version, days, now),
    keys: Object.fromEntries(keys.map(key => [keyIdOf(key), key as unknown as Json])),
    roles: Object.fromEntries(
      next.map(([name, role]) => [name, toRoleRow(name, role) as unknown as Json]),
    ),
  }
  return { ...rootDocument, content }
}

/** Members that this reader does not know stay as they are. */
function nextPolicy(source: JsonObject, change: OwnerChange, now: Date): DraftDocument {
  const { policy, drafted, days } = change
  const known = drafted ? parseStrictJson(toStatementBytes(drafted)) : {}
  const content = structuredClone({ ...source, ...(known as JsonObject) }) as unknown as Mutable
  for (const change of policy) setMember(listAt(content, change.place), change)
  const dated = { ...content, ...nextEdition('policy', Number(source.version), days, now) }
  return { ...policyDocument, content: dated as unknown as JsonObject }
}

interface Mutable {
  catalogues: { name: string; allowed: string[]; refused: string[] }[]
  ceiling: Record<string, string[]>
}

function listAt(policy: Mutable, place: PolicyChange['place']): string[] {
  if (place[0] === 'ceiling') {
    policy.ceiling[place[1]] ??= []
    return policy.ceiling[place[1]] ?? []
  }
  const [, name, list] = place
  const catalogue = policy.catalogues.find(one => one.name === name)
  if (catalogue) return catalogue[list]
  const message = `cannot change catalogue ${name} of the policy: it follows no such one`
  throw new AuthorityError('authority/publisher', message, { catalogue: name })
}

function setMember(list: string[], { member, isThere }: PolicyChange): void {
  const at = list.indexOf(member)
  if (isThere && at < 0) list.push(member)
  if (!isThere && at >= 0) list.splice(at, 1)
}
