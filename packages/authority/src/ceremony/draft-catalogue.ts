import type { JsonObject } from '@steadfleet/base'
import { digestIn, keyIdOf, type PublicKey, topRole, toSigningRole } from '@steadfleet/trust'
import { AuthorityError } from '../error.ts'
import { nextEdition } from '../lifetime.ts'
import { makeTargets, type SignedTargets, type TopRole } from '../metadata.ts'
import { toRoleRow } from '../role.ts'
import type { Draft, DraftDocument } from './draft.ts'
import { revokedIn } from './revoked.ts'
import { changeRole, isNoChange, type RoleChange } from './role-change.ts'
import type { CatalogueSet } from './step.ts'

/** What a root is to say; a role without a row stays as it is. */
export interface RootChange {
  readonly roles: ReadonlyMap<TopRole, RoleChange>
  /** Days that it is good for, if not the usual ones. */
  readonly days?: number
}

/** What targets are to say. A publisher that is not delegated to yet is new. */
export interface TargetsChange {
  readonly publishers: ReadonlyMap<string, RoleChange>
  /** Publishers to whom nobody delegates any more. */
  readonly dismissed: readonly string[]
  /** Digests of releases that nobody shall run. */
  readonly revoked: readonly string[]
  readonly days?: number
}

/** A draft of the next root. Targets come with it where other keys sign them. */
export function draftRoot(held: CatalogueSet, change: RootChange, now: Date): Draft {
  const changed = change.roles.get('targets')
  const renewed = changed && !isNoChange(changed)
  const documents = [nextRoot(held, change, now)]
  if (renewed) documents.push(nextTargets(held, { ...nothing, publishers: new Map() }, now))
  return { documents, held: filesOf(held, documents) }
}

/** A draft of the next targets. A publisher's role comes with it where its keys or releases change. */
export function draftTargets(held: CatalogueSet, change: TargetsChange, now: Date): Draft {
  const targets = nextTargets(held, change, now)
  const revoked = new Set([...revokedIn(held.targets), ...change.revoked])
  const roles = [...held.roles.keys()]
    .filter(name => isDelegated(targets, name) && isTouched(held, change, name, revoked))
    .map(name => nextRole(held, name, revoked, now))
  const documents = [targets, ...roles]
  return { documents, held: filesOf(held, documents) }
}

/** A draft of a publisher's own role, as the publisher wants it next. Its delegation stays as it is. */
export function draftRole(held: CatalogueSet, publisher: string, next: SignedTargets): Draft {
  const content = next as unknown as JsonObject
  const document: DraftDocument = { kind: 'role', name: publisher, content }
  return { documents: [document], held: filesOf(held, [document]) }
}

const nothing = { publishers: new Map(), dismissed: [], revoked: [] }

function nextRoot(held: CatalogueSet, { roles, days }: RootChange, now: Date): DraftDocument {
  const { signed, source } = held.root
  const names: readonly TopRole[] = ['root', 'targets', 'snapshot', 'timestamp']
  const next = names.map(name => {
    const change = roles.get(name)
    const role = topRole(signed, name)
    return [name, change ? changeRole(name, role, change) : role] as const
  })
  const rows = next.map(([name, role]) => [name, toRoleRow(name, role)])
  const content = {
    ...source,
    ...nextEdition('root', signed.version, days, now),
    keys: keysOf(next.flatMap(([, { keys }]) => keys)),
    roles: Object.fromEntries(rows),
  }
  return { kind: 'root', name: 'root', content }
}

function nextTargets(held: CatalogueSet, change: TargetsChange, now: Date): DraftDocument {
  const { signed, source } = held.targets
  const publishers = publishersAfter(held, change)
  const { delegations } = makeTargets(1, publishers, now)
  const revoked = [...new Set([...revokedIn(held.targets), ...change.revoked])].sort()
  const content = {
    ...source,
    ...nextEdition('targets', signed.version, change.days, now),
    delegations: delegations as unknown as JsonObject,
    ...(revoked.length > 0 && { revoked }),
  }
  return { kind: 'targets', name: 'targets', content }
}

function publishersAfter(held: CatalogueSet, { publishers, dismissed }: TargetsChange) {
  const { keys = new Map<string, PublicKey>(), roles = [] } = held.targets.signed.delegations ?? {}
  const names = new Set([...roles.map(({ name }) => name), ...publishers.keys()])
  const unknown = dismissed.find(name => !names.delete(name))
  if (unknown !== undefined) {
    const message = `cannot dismiss ${unknown}: no such publisher`
    throw new AuthorityError('authority/publisher', message, { publisher: unknown })
  }
  return [...names].map(name => {
    const row = roles.find(role => role.name === name)
    const role = row ? toSigningRole(keys, row) : { keys: [], threshold: 1 }
    const change = publishers.get(name)
    return { name, ...(change ? changeRole(name, role, change) : role) }
  })
}

/** The publisher's role one version on, without what is revoked. */
function nextRole(
  { roles }: CatalogueSet,
  name: string,
  revoked: ReadonlySet<string>,
  now: Date,
): DraftDocument {
  const held = roles.get(name)
  if (!held) throw new RangeError(`role ${name} is not held`)
  const { signed, source } = held
  const gone = [...signed.targets].filter(([path, { hashes }]) =>
    revoked.has(digestIn(hashes, path)),
  )
  const paths = new Set(gone.map(([path]) => path))
  const targets = Object.entries(source.targets as JsonObject).filter(([path]) => !paths.has(path))
  const content = {
    ...source,
    ...nextEdition('publisher', signed.version, undefined, now),
    targets: Object.fromEntries(targets),
  }
  return { kind: 'role', name, content }
}

function isDelegated({ content }: DraftDocument, name: string): boolean {
  const { roles } = content.delegations as unknown as { roles: { name: string }[] }
  return roles.some(role => role.name === name)
}

function isTouched(
  { roles }: CatalogueSet,
  { publishers }: TargetsChange,
  name: string,
  revoked: ReadonlySet<string>,
): boolean {
  const change = publishers.get(name)
  if (change && !isNoChange(change)) return true
  const targets = [...(roles.get(name)?.signed.targets ?? [])]
  return targets.some(([path, { hashes }]) => revoked.has(digestIn(hashes, path)))
}

function keysOf(keys: readonly PublicKey[]): JsonObject {
  return Object.fromEntries(keys.map(key => [keyIdOf(key), key as unknown as JsonObject]))
}

/** Whose keys must sign, and what each document follows. */
function filesOf(held: CatalogueSet, documents: readonly DraftDocument[]): Map<string, Uint8Array> {
  const roles = documents.filter(({ kind }) => kind === 'role')
  return new Map([
    ['root', held.root.bytes],
    ['targets', held.targets.bytes],
    ...roles.flatMap(({ name }): [string, Uint8Array][] => {
      const file = held.roles.get(name)?.bytes
      return file ? [[`role/${name}`, file]] : []
    }),
  ])
}
