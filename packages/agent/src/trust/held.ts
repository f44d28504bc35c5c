import {
  type Envelope,
  type FloorCell,
  type Order,
  type OwnerRoot,
  openEnvelope,
  ownerRole,
  payloadTypes,
  reopenOrder,
  reopenOwnerRoot,
  reopenPolicy,
  TrustError,
  type TrustPolicy,
} from '@steadfleet/trust'
import type { Kept } from '../disk/copies.ts'
import type { Paths } from '../disk/paths.ts'
import { readEarlier, readStatement, type Taken } from './statement-file.ts'

/** What a device has taken for good, as it is read at a start. */
export interface Held {
  readonly cell: FloorCell
  readonly ownerRoot: Kept<Taken<OwnerRoot>>
  readonly policy: Kept<Taken<TrustPolicy>>
  readonly order: Kept<Taken<Order>>
}

/**
 * What was taken, from disk. Signatures are looked at once more, so that a file that was changed there grants
 * nothing: it counts as torn. An order may be of the director before the last change of keys. Without a root there
 * is nothing to hold them against; it is fetched anew first.
 */
export async function readHeld({ trust }: Paths): Promise<Omit<Held, 'cell'>> {
  const ownerRoot = await readStatement(
    trust,
    'owner-root.json',
    reopenOwnerRoot,
    one => one.version,
  )
  const before = await readEarlier(trust, 'owner-root.json', reopenOwnerRoot)
  const roots = [ownerRoot.value, before].flatMap(one => one?.statement ?? [])
  const signed = <T>(role: 'root' | 'director', reopen: (envelope: Envelope) => T) => {
    const type = role === 'root' ? payloadTypes.policy : payloadTypes.order
    return (envelope: Envelope): T => {
      const isSigned =
        roots.length === 0 || roots.some(root => isSignedBy(root, role, type, envelope))
      if (isSigned) return reopen(envelope)
      throw new TrustError(
        'trust/threshold',
        `cannot go on from a ${role}'s word that it did not sign`,
      )
    }
  }
  return {
    ownerRoot,
    policy: await readStatement(
      trust,
      'policy.json',
      signed('root', reopenPolicy),
      one => one.version,
    ),
    order: await readStatement(
      trust,
      'order.json',
      signed('director', reopenOrder),
      one => one.counter,
    ),
  }
}

/** Whether so many of the role's keys signed it as the root asks for. */
export function isSignedBy(
  root: OwnerRoot,
  role: 'root' | 'director',
  type: string,
  envelope: Envelope,
): boolean {
  try {
    openEnvelope(envelope, type, ownerRole(root, role))
    return true
  } catch (error) {
    if (error instanceof TrustError) return false
    throw error
  }
}
