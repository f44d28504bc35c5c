import {
  acceptOwnerRoot,
  acceptPolicy,
  acceptRoot,
  type Envelope,
  type Metadata,
  type OwnerRoot,
  parseMetadata,
  refuseExpired,
  refuseOtherThanNext,
  refuseUnsigned,
  type TrustPolicy,
  topRole,
  toSigningRole,
} from '@steadfleet/trust'
import { binsOf, isBin, publisherOf } from '../bins.ts'
import { acceptPublication, refuseForeignDelegates } from '../publication.ts'
import { refuseWeakKeys } from '../role.ts'
import { refuseForgotten, refuseRevoked, withoutRevoked } from './revoked.ts'

/** What a catalogue's offline keys have in force, with the roles of its publishers. */
export interface CatalogueSet {
  readonly root: Metadata<'root'>
  readonly targets: Metadata<'targets'>
  /** By role name, those of publishers and their bins. */
  readonly roles: ReadonlyMap<string, Metadata<'targets'>>
  /** Where it is at hand: the last version of every role that ever was. */
  readonly snapshot?: Metadata<'snapshot'>
}

/** The last version of a role that the catalogue named; 0 for none. */
export function versionIn({ snapshot, roles }: CatalogueSet, role: string): number {
  return snapshot?.signed.meta.get(`${role}.json`)?.version ?? roles.get(role)?.signed.version ?? 0
}

/** What is in force of one publisher, by role name. */
export function heldOf(
  { roles }: CatalogueSet,
  publisher: string,
): Map<string, Metadata<'targets'>> {
  return new Map([...roles].filter(([role]) => publisherOf(role) === publisher))
}

/** Next versions that come into force together; what is absent stays as it is. */
export interface CatalogueStep {
  readonly root?: Uint8Array
  readonly targets?: Uint8Array
  readonly roles: ReadonlyMap<string, Uint8Array>
}

/**
 * Takes next versions of a catalogue's offline documents, or refuses all of them: each is signed as
 * its role was and will be, and what stays as it is still holds under what changes.
 */
export function acceptCatalogueStep(
  held: CatalogueSet,
  step: CatalogueStep,
  now: Date,
): CatalogueSet {
  const root = step.root ? nextRoot(held.root, step.root, now) : held.root
  const targets = step.targets ? nextTargets(held.targets, step.targets, now) : held.targets
  refuseUnsigned('targets', targets, topRole(root.signed, 'targets')) // TUF §5.6.3
  const roles = new Map(held.roles)
  for (const [publisher, files] of Map.groupBy(step.roles, ([role]) => publisherOf(role))) {
    const next = nextRoles({ held, targets, publisher, files: new Map(files), now })
    for (const [role, metadata] of next) roles.set(role, metadata)
    for (const role of binsLeft(held, publisher, roles.get(publisher))) roles.delete(role)
  }
  for (const [role, metadata] of roles) refuseUndelegated(targets, role, metadata)
  return { root, targets, roles }
}

/** Bins of a publisher that its role does not delegate to any more. */
function binsLeft(
  held: CatalogueSet,
  publisher: string,
  role: Metadata<'targets'> | undefined,
): string[] {
  const bins = binsOf(role?.signed)
  return [...heldOf(held, publisher).keys()].filter(one => isBin(one) && !bins.has(one))
}

/** What the owner's offline keys have in force. */
export interface OwnerSet {
  readonly owner: string
  readonly root: OwnerRoot
  readonly policy: Envelope
  readonly policySigned: TrustPolicy
}

/** A next owner root, a next policy, or both. */
export interface OwnerStep {
  readonly root?: Envelope
  readonly policy?: Envelope
}

/** Takes next versions of the owner's documents, or refuses both; a policy that stays must still hold. */
export function acceptOwnerStep(held: OwnerSet, step: OwnerStep, now: Date): OwnerSet {
  const { owner } = held
  const root = step.root ? acceptOwnerRoot(held.root, step.root, now) : held.root
  refuseWeakKeys(root.keys)
  if (step.policy) refuseSameVersion(held.policySigned, step.policy, root)
  const policy = step.policy ?? held.policy
  const policySigned = acceptPolicy(root, held.policySigned, policy, {
    owner,
    ...(step.policy && { now }),
  })
  return { owner, root, policy, policySigned }
}

function nextRoot(held: Metadata<'root'>, bytes: Uint8Array, now: Date): Metadata<'root'> {
  const offered = parseMetadata('root', bytes)
  refuseWeakKeys(offered.signed.keys)
  refuseExpired('root', acceptRoot(held.signed, offered).expires, now)
  return offered
}

function nextTargets(held: Metadata<'targets'>, bytes: Uint8Array, now: Date): Metadata<'targets'> {
  const offered = parseMetadata('targets', bytes)
  refuseOtherThanNext('targets', held.signed.version, offered.signed.version)
  refuseForgotten(held, offered)
  refuseWeakKeys(offered.signed.delegations?.keys)
  refuseExpired('targets', offered.signed.expires, now)
  return offered
}

interface NextRoles {
  readonly held: CatalogueSet
  readonly targets: Metadata<'targets'>
  readonly publisher: string
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly now: Date
}

function nextRoles({ held, targets, publisher, files, now }: NextRoles) {
  const before = [...heldOf(held, publisher)].map(
    ([role, { signed }]) => [role, withoutRevoked(targets, signed)] as const,
  )
  return acceptPublication({
    delegator: targets.signed,
    publisher,
    held: new Map(before),
    versionOf: role => versionIn(held, role),
    files,
    now,
  })
}

/** A publisher whom nobody delegates to any more may keep its file: no client will ask for it. */
function refuseUndelegated(
  targets: Metadata<'targets'>,
  role: string,
  metadata: Metadata<'targets'>,
): void {
  const { delegations } = targets.signed
  const delegation = delegations?.roles?.find(({ name }) => name === publisherOf(role))
  if (!delegations || !delegation) return
  if (!isBin(role)) refuseForeignDelegates(delegation, metadata.signed)
  refuseUnsigned(role, metadata, toSigningRole(delegations.keys, delegation))
  refuseRevoked(targets, role, metadata.signed)
}

function refuseSameVersion(held: TrustPolicy, envelope: Envelope, root: OwnerRoot): void {
  const { version } = acceptPolicy(root, undefined, envelope)
  refuseOtherThanNext('trust policy', held.version, version)
}
