import type { GenerationPackage } from '@steadfleet/engine'
import { mayBring } from '@steadfleet/protocol'
import type { TrustPolicy } from '@steadfleet/trust'
import type { NewEvent } from '../report/outbox.ts'

/** As much of what runs as the policy is asked about. */
export type Running = Pick<GenerationPackage, 'package' | 'revision'>

/** What runs on although the policy lets nobody bring more of it. docs/decisions/0020 */
export function disallowedOf<R extends Running>(
  policy: TrustPolicy | undefined,
  packages: readonly R[],
): readonly R[] {
  return policy ? packages.filter(one => !mayBring(policy, one.package)) : []
}

/** What to tell of the packages of which a newer policy lets nothing new in. */
export function disallowedEvents(
  before: TrustPolicy | undefined,
  after: TrustPolicy,
  packages: readonly Running[],
): NewEvent[] {
  const known = new Set(disallowedOf(before, packages))
  const fresh = disallowedOf(after, packages).filter(one => !known.has(one))
  return fresh.map(one => ({
    kind: 'agent',
    message: toDisallowedMessage(one),
    details: { package: one.package, revision: one.revision, policy: after.version },
  }))
}

/** As the device tells it, in its events and in its status. */
export function toDisallowedMessage({ package: name, revision }: Running): string {
  return `${name} stays at revision ${revision}: the owner’s policy lets nothing new of it in`
}
