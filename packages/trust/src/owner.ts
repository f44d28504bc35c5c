import { type Digest, digestOf, toCanonical } from '@steadfleet/base'
import { type Envelope, openEnvelope, reopenEnvelope } from './envelope.ts'
import { TrustError } from './error.ts'
import { type SigningRole, toSigningRole } from './key.ts'
import { refuseExpired, refuseOtherThanNext, refuseRollback } from './refusal.ts'
import {
  type OwnerRoot,
  ownerRoot,
  payloadTypes,
  type TrustPolicy,
  trustPolicy,
} from './statements.ts'

export type OwnerRole = keyof OwnerRoot['roles']

/** The keys and threshold of one of the owner's roles. */
export function ownerRole(root: OwnerRoot, name: OwnerRole): SigningRole {
  return toSigningRole(root.keys, root.roles[name])
}

/**
 * The digest that an enrolment token carries for the first owner root: of the envelope's canonical
 * JSON, which is what the file holds byte for byte.
 */
export function envelopeDigest(envelope: Envelope): Digest {
  return digestOf(toCanonical(envelope))
}

/**
 * Takes the first owner root by its digest, or the next one after `held` by the signatures of both.
 * Expiry is checked only where `now` is given: a root on the way to a newer one may have expired.
 */
export function acceptOwnerRoot(
  held: OwnerRoot | Digest,
  envelope: Envelope,
  now?: Date,
): OwnerRoot {
  const offered = typeof held === 'string' ? firstRoot(held, envelope) : nextRoot(held, envelope)
  if (now) refuseExpired('owner root', offered.expires, now) // TUF §5.3.10, checked last
  return offered
}

/** An owner root that this device accepted before and stored itself; nothing is verified. */
export function reopenOwnerRoot(envelope: Envelope): OwnerRoot {
  return ownerRoot(reopenEnvelope(envelope, payloadTypes.ownerRoot), 'owner root')
}

/**
 * Takes a trust policy signed by the owner root, of the version that is held or a newer one, for
 * the same owner. Expiry is checked, last, where `now` is given.
 */
export function acceptPolicy(
  root: OwnerRoot,
  held: TrustPolicy | undefined,
  envelope: Envelope,
  expected: { readonly owner?: string; readonly now?: Date } = {},
): TrustPolicy {
  const json = openEnvelope(envelope, payloadTypes.policy, ownerRole(root, 'root'))
  const offered = trustPolicy(json, 'trust policy')
  refuseOtherOwner(expected.owner ?? held?.owner, offered.owner)
  if (held) refuseRollback('trust policy', held.version, offered.version)
  if (expected.now) refuseExpired('trust policy', offered.expires, expected.now)
  return offered
}

/** A trust policy that this device accepted before and stored itself; nothing is verified. */
export function reopenPolicy(envelope: Envelope): TrustPolicy {
  return trustPolicy(reopenEnvelope(envelope, payloadTypes.policy), 'trust policy')
}

export function refuseOtherOwner(expected: string | undefined, found: string): void {
  if (expected === undefined || expected === found) return
  const facts = { expected, found }
  throw new TrustError(
    'trust/wrong-owner',
    `cannot obey owner ${found}: ours is ${expected}`,
    facts,
  )
}

function firstRoot(digest: Digest, envelope: Envelope): OwnerRoot {
  const found = envelopeDigest(envelope)
  if (found !== digest) {
    const message = `cannot accept the first owner root: digest ${found}, not ${digest}`
    throw new TrustError('trust/first-root', message, { expected: digest, found })
  }
  const offered = reopenOwnerRoot(envelope)
  openEnvelope(envelope, payloadTypes.ownerRoot, ownerRole(offered, 'root'))
  return offered
}

/** TUF §5.3.4 and §5.3.5, which the owner root follows: old and new threshold, and version + 1. */
function nextRoot(held: OwnerRoot, envelope: Envelope): OwnerRoot {
  const json = openEnvelope(envelope, payloadTypes.ownerRoot, ownerRole(held, 'root'))
  const offered = ownerRoot(json, 'owner root')
  openEnvelope(envelope, payloadTypes.ownerRoot, ownerRole(offered, 'root'))
  refuseOtherThanNext('owner root', held.version, offered.version)
  return offered
}
