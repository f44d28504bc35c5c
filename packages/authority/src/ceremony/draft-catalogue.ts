import type { JsonObject } from '@steadfleet/base'
import {
  digestIn,
  type PublicKey,
  type SigningRole,
  type Targets,
  topRole,
  toSigningRole,
} from '@steadfleet/trust'
import { publisherOf, type RoleDocuments } from '../bins.ts'
import { AuthorityError } from '../error.ts'
import { nextEdition } from '../lifetime.ts'
import {
  keysOf,
  makeTargets,
  type PublisherRole,
  type SignedTargets,
  type TopRole,
} from '../metadata.ts'
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
  /** By publisher, packages of others that it signs from now on, before anybody else who might. */
  readonly adopted?: ReadonlyMap<string, readonly string[]>
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

/**
 * A draft of the next targets. A publisher's role and bins come with it where its keys change; where a
 * release is revoked, the file that has it.
 */
export function draftTargets(held: CatalogueSet, change: TargetsChange, now: Date): Draft {
  const targets = nextTargets(held, change, now)
  const revoked = new Set([...revokedIn(held.targets), ...change.revoked])
  const roles = [...held.roles.keys()]
    .filter(name => isDelegated(targets, name) && isTouched(held, change, name, revoked))
    .map(name => nextRole(held, name, { revoked, by: signersIn(targets, publisherOf(name)) }, now))
  const documents = [targets, ...roles]
  return { documents, held: filesOf(held, documents) }
}

/**
 * A draft of a publisher's own documents, as the publisher wants them next: its role, bins of it, or
 * both. Its delegation stays as it is. Beside them goes all that `held` has of the publisher.
 */
export function draftRoles(held: CatalogueSet, next: RoleDocuments): Draft {
  const documents = [...next].map(([name, signed]): DraftDocument => {
    return { kind: 'role', name, content: signed as unknown as JsonObject }
  })
  return { documents, held: filesOf(held, documents, [...held.roles.keys()]) }
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
    keys: keysOf(next.map(([, role]) => role)) as unknown as JsonObject,
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

function publishersAfter(
  held: CatalogueSet,
  { publishers, dismissed, adopted = new Map() }: TargetsChange,
): PublisherRole[] {
  const { keys = new Map<string, PublicKey>(), roles = [] } = held.targets.signed.delegations ?? {}
  const there = new Set([...roles.map(({ name }) => name), ...publishers.keys()])
  refuseUnknown([...dismissed, ...adopted.keys()], there)
  for (const name of dismissed) there.delete(name)
  const names = new Set([...[...adopted.keys()].filter(name => there.has(name)), ...there])
  return [...names].map(name => {
    const row = roles.find(role => role.name === name)
    const role = row ? toSigningRole(keys, row) : { keys: [], threshold: 1 }
    const change = publishers.get(name)
    const theirs = (row?.paths ?? []).filter(path => path !== `${name}/*/*/*`)
    return {
      name,
      adopted: [...new Set([...theirs.map(toPackage), ...(adopted.get(name) ?? [])])],
      ...(change ? changeRole(name, role, change) : role),
    }
  })
}

/** The package whose releases a pattern of an adoption covers. */
function toPackage(pattern: string): string {
  return pattern.replace(/\/\*\/\*$/, '')
}

function refuseUnknown(names: readonly string[], there: ReadonlySet<string>): void {
  const unknown = names.find(name => !there.has(name))
  if (unknown === undefined) return
  const message = `cannot change what ${unknown} publishes: no such publisher`
  throw new AuthorityError('authority/publisher', message, { publisher: unknown })
}

interface NextRole {
  readonly revoked: ReadonlySet<string>
  /** The publisher's keys from now on: those that sign its bins too. */
  readonly by: SigningRole
}

/** The publisher's role, or a bin of it, one version on, without what is revoked. */
function nextRole(
  { roles }: CatalogueSet,
  name: string,
  { revoked, by }: NextRole,
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
    ...binsSignedBy(name, signed, by),
  }
  return { kind: 'role', name, content }
}

/** The delegation to the publisher's bins, where it has some, by these keys. */
function binsSignedBy(name: string, { delegations }: Targets, by: SigningRole): JsonObject {
  const bins = delegations?.succinct_roles
  if (!bins) return {}
  const keys = keysOf([by]) as unknown as JsonObject
  return { delegations: { keys, succinct_roles: { ...bins, ...toRoleRow(name, by) } } }
}

function signersIn({ content }: DraftDocument, publisher: string): SigningRole {
  const { keys, roles } = content.delegations as unknown as Required<SignedTargets>['delegations']
  const row = roles?.find(({ name }) => name === publisher)
  return toSigningRole(new Map(Object.entries(keys)), row ?? { keyids: [], threshold: 1 })
}

function isDelegated({ content }: DraftDocument, name: string): boolean {
  const { roles } = content.delegations as unknown as { roles: { name: string }[] }
  return roles.some(role => role.name === publisherOf(name))
}

function isTouched(
  { roles }: CatalogueSet,
  { publishers }: TargetsChange,
  name: string,
  revoked: ReadonlySet<string>,
): boolean {
  const change = publishers.get(publisherOf(name))
  if (change && !isNoChange(change)) return true
  const targets = [...(roles.get(name)?.signed.targets ?? [])]
  return targets.some(([path, { hashes }]) => revoked.has(digestIn(hashes, path)))
}

/** Whose keys must sign, and what each document follows: its own role’s file, of a bin its publisher’s too. */
function filesOf(
  held: CatalogueSet,
  documents: readonly DraftDocument[],
  more: readonly string[] = [],
): Map<string, Uint8Array> {
  const named = documents.filter(({ kind }) => kind === 'role').map(({ name }) => name)
  const roles = new Set([...named.map(publisherOf), ...named, ...more])
  return new Map([
    ['root', held.root.bytes],
    ['targets', held.targets.bytes],
    ...[...roles].flatMap((name): [string, Uint8Array][] => {
      const file = held.roles.get(name)?.bytes
      return file ? [[`role/${name}`, file]] : []
    }),
  ])
}
