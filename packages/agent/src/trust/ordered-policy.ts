import { fromBase64, isCoded, isJsonObject, parseStrictJson } from '@steadfleet/base'
import { parseOrderedUpdatePolicy, type UpdatePolicy } from '@steadfleet/domain'
import type { Envelope } from '@steadfleet/trust'

/**
 * What an accepted order says of updates. `trust` reads of an order what security needs and skips the rest;
 * a policy that cannot be read is none and is told, so that no order is refused for it.
 */
export function orderedUpdatePolicy(
  order: Envelope | undefined,
  suspect: (error: unknown) => void,
): UpdatePolicy {
  if (order === undefined) return {}
  try {
    const statement = parseStrictJson(fromBase64(order.payload))
    const policy = isJsonObject(statement) ? statement.policy : undefined
    const updates = isJsonObject(policy) ? policy.updates : undefined
    return updates === undefined ? {} : parseOrderedUpdatePolicy(updates)
  } catch (error) {
    if (!isCoded(error)) throw error
    suspect(error)
    return {}
  }
}
