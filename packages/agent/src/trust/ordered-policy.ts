import { type Digest, fromBase64, isCoded, isJsonObject, parseStrictJson } from '@steadfleet/base'
import {
  type IsolationPolicy,
  type PackageName,
  parseOrderedIsolation,
  parseOrderedParts,
  parseOrderedRestores,
  parseOrderedTry,
  parseOrderedUpdatePolicy,
  parseServerKeys,
  type UpdatePolicy,
} from '@steadfleet/domain'
import { type Envelope, reopenOrder } from '@steadfleet/trust'
import type { TrustState } from './trust-state.ts'

type Suspect = (error: unknown) => void

/**
 * What an accepted order says of updates. `trust` reads of an order what security needs and skips the rest;
 * a policy that cannot be read is none and is told, so that no order is refused for it.
 */
function orderedUpdatePolicy(order: Envelope | undefined, suspect: Suspect): UpdatePolicy {
  return readMember(order, 'updates', parseOrderedUpdatePolicy, suspect) ?? {}
}

/** The same of the order that was accepted last, read once for each. */
export function updatePolicyReader(
  trust: Pick<TrustState, 'sealedOrder'>,
  suspect: Suspect,
): () => UpdatePolicy {
  let read: { readonly order: Envelope | undefined; readonly policy: UpdatePolicy } | undefined
  return () => {
    const order = trust.sealedOrder
    if (read === undefined || read.order !== order) {
      read = { order, policy: orderedUpdatePolicy(order, suspect) }
    }
    return read.policy
  }
}

/** What an accepted order says of isolation, likewise. */
export function orderedIsolation(order: Envelope | undefined, suspect: Suspect): IsolationPolicy {
  return readMember(order, 'isolation', parseOrderedIsolation, suspect) ?? {}
}

/** Packages that the order of this counter wants to have their data of then again, likewise. */
export function orderedRestores(
  order: Envelope | undefined,
  counter: number,
  suspect: Suspect,
): readonly PackageName[] {
  if (order === undefined || reopenOrder(order).counter !== counter) return []
  return readMember(order, 'restore-data', parseOrderedRestores, suspect) ?? []
}

/** When the order of this counter asked for another try of what failed, if it did, likewise. */
export function orderedTry(
  order: Envelope | undefined,
  counter: number,
  suspect: Suspect,
): string | undefined {
  if (order === undefined || reopenOrder(order).counter !== counter) return undefined
  return readMember(order, 'try-again', parseOrderedTry, suspect)
}

/** What an accepted order insists on that a device must have to confine apps with. */
export function orderedParts(order: Envelope | undefined, suspect: Suspect): readonly string[] {
  return readMember(order, 'require', parseOrderedParts, suspect) ?? []
}

/**
 * By which keys the server is known: as the order that was accepted last says, or as the enrolment token did where
 * that says nothing. Where neither does, the authorities of the system say who it is.
 */
export function serverKeysReader(
  trust: Pick<TrustState, 'sealedOrder'>,
  first: readonly Digest[],
  suspect: Suspect,
): () => readonly Digest[] {
  let read: { readonly order: Envelope | undefined; readonly keys: readonly Digest[] } | undefined
  return () => {
    const order = trust.sealedOrder
    if (read === undefined || read.order !== order) {
      read = { order, keys: readMember(order, 'server-keys', parseServerKeys, suspect) ?? first }
    }
    return read.keys
  }
}

function readMember<T>(
  order: Envelope | undefined,
  name: string,
  parse: (value: unknown) => T,
  suspect: Suspect,
): T | undefined {
  if (order === undefined) return undefined
  try {
    const statement = parseStrictJson(fromBase64(order.payload))
    const policy = isJsonObject(statement) ? statement.policy : undefined
    const member = isJsonObject(policy) ? policy[name] : undefined
    return member === undefined ? undefined : parse(member)
  } catch (error) {
    if (!isCoded(error)) throw error
    suspect(error)
    return undefined
  }
}
