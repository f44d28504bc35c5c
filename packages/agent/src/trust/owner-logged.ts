import { isCoded } from '@steadfleet/base'
import { getOwnerRoot, getPolicy } from '@steadfleet/protocol'
import type { Envelope } from '@steadfleet/trust'
import { type LogContext, refuseUnlogged } from './log-check.ts'
import { adoptionClaims, type Claim, ownerClaim } from './log-claims.ts'
import type { TrustState } from './trust-state.ts'

/**
 * Refuses to run anything new of these packages under an owner root, or by an adoption, that the log does not
 * hold. They are asked for here and not when they are taken: the policy names the log, and one that is lost
 * must not keep the policy away that names the next.
 */
export async function refuseUnloggedOwner(
  context: LogContext,
  trust: Pick<TrustState, 'versions' | 'sealed'>,
  packages: ReadonlySet<string>,
): Promise<void> {
  const { client, policy } = context
  const { root, policy: sealedPolicy } = trust.sealed
  const version = trust.versions.ownerRoot
  await refuseUnsealed(context, root, one => [ownerClaim(version, one)], {
    again: () => client.call(getOwnerRoot, { params: { version: String(version) } }),
  })
  await refuseUnsealed(context, sealedPolicy, one => adoptionClaims(policy, one, packages), {
    again: () => client.call(getPolicy, {}),
  })
}

/**
 * The log names a statement with its signatures, and whoever handed it to this device may have left some out:
 * then it counts as the server has it by now, if that is the same statement.
 */
async function refuseUnsealed(
  context: LogContext,
  held: Envelope,
  claimsOf: (envelope: Envelope) => readonly Claim[],
  { again }: { readonly again: () => Promise<Envelope> },
): Promise<void> {
  try {
    for (const claim of claimsOf(held)) await refuseUnlogged(context, claim)
  } catch (refusal) {
    if (!isCoded(refusal, 'trust/not-logged')) throw refusal
    const other = await again()
    if (other.payload !== held.payload) throw refusal
    for (const claim of claimsOf(other)) await refuseUnlogged(context, claim)
  }
}
