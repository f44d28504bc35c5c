import { type Envelope, openEnvelope, reopenEnvelope } from './envelope.ts'
import { TrustError } from './error.ts'
import { ownerRole, refuseOtherOwner } from './owner.ts'
import { refuseExpired } from './refusal.ts'
import { type Order, type OwnerRoot, order, payloadTypes } from './statements.ts'

/** Whom an order must be for, and the counter of the last one this device accepted (0 for none). */
export interface OrderAddress {
  readonly device: string
  readonly owner: string
  readonly counter: number
}

/** Takes an order for this device, newer than the last, signed by the owner's director. Uptane §5.4.4.6 */
export function acceptOrder(
  address: OrderAddress,
  root: OwnerRoot,
  envelope: Envelope,
  now: Date,
): Order {
  const json = openEnvelope(envelope, payloadTypes.order, ownerRole(root, 'director'))
  const offered = order(json, 'order')
  refuseOtherOwner(address.owner, offered.owner)
  refuseOtherDevice(address.device, offered.device) // Uptane §5.4.4.6.8
  refuseReplay(address.counter, offered.counter)
  refuseLeap(address.counter, offered.counter)
  refuseTwice(offered)
  refuseExpired('owner root', root.expires, now)
  refuseExpired('order', offered.expires, now)
  return offered
}

/** An order that this device accepted before and stored itself; nothing is verified. */
export function reopenOrder(envelope: Envelope): Order {
  return order(reopenEnvelope(envelope, payloadTypes.order), 'order')
}

function refuseOtherDevice(expected: string, found: string): void {
  if (expected === found) return
  const message = `cannot obey an order for ${found}: this is ${expected}`
  throw new TrustError('trust/wrong-device', message, { expected, found })
}

/** Equal counts as replayed: each order has a counter of its own. */
function refuseReplay(held: number, offered: number): void {
  if (offered > held) return
  const message = `cannot obey order ${offered}: already accepted ${held}`
  throw new TrustError('trust/replayed-order', message, { held, offered })
}

/** A stolen director must not use up the counter: the next one would have none left to order with. */
function refuseLeap(held: number, offered: number): void {
  if (offered - held <= 1_000_000) return
  const message = `cannot obey order ${offered}: too far above ${held}`
  throw new TrustError('trust/fast-forward', message, { held, offered })
}

/** Uptane §5.4.4.6.7: nothing that is ordered stands twice. */
function refuseTwice({ releases }: Order): void {
  const names = releases.map(release => release.package)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return
  const message = `cannot obey an order that names ${twice} twice`
  throw new TrustError('trust/malformed', message, { package: twice })
}
