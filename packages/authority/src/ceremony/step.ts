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
import { acceptPublication } from '../publication.ts'
import { refuseWeakKeys } from '../role.ts'
import { refuseForgotten, refuseRevoked, withoutRevoked } from './revoked.ts'

/** What a catalogue's offline keys have in force, with the roles of its publishers. */
export interface CatalogueSet {
  readonly root: Metadata<'root'>
  readonly targets: Metadata<'targets'>
  readonly roles: ReadonlyMap<string, Metadata<'targets'>>
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
  for (const [role, bytes] of step.roles) {
    roles.set(role, nextRole({ held, targets, role, bytes, now }))
  }
  for (const [role, metadata] of roles) refuseUndelegated(targets, role, metadata)
  return { root, targets, roles }
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

interface NextRole {
  readonly held: CatalogueSet
  readonly targets: Metadata<'targets'>
  readonly role: string
  readonly bytes: Uint8Array
  readonly now: Date
}

function nextRole({ held, targets, role, bytes, now }: NextRole): Metadata<'targets'> {
  const before = held.roles.get(role)?.signed
  acceptPublication({
    delegator: targets.signed,
    role,
    held: before && withoutRevoked(targets, before),
    bytes,
    now,
  })
  return parseMetadata('targets', bytes)
}

/** A publisher whom nobody delegates to any more may keep its file: no client will ask for it. */
function refuseUndelegated(
  targets: Metadata<'targets'>,
  role: string,
  metadata: Metadata<'targets'>,
): void {
  const { delegations } = targets.signed
  const delegation = delegations?.roles?.find(({ name }) => name === role)
  if (!delegations || !delegation) return
  refuseUnsigned(role, metadata, toSigningRole(delegations.keys, delegation))
  refuseRevoked(targets, role, metadata.signed)
}

function refuseSameVersion(held: TrustPolicy, envelope: Envelope, root: OwnerRoot): void {
  const { version } = acceptPolicy(root, undefined, envelope)
  refuseOtherThanNext('trust policy', held.version, version)
}
