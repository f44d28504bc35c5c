import type { StateReport } from '@steadfleet/domain'
import {
  type Client,
  checkIn,
  type EnvelopeView,
  getOwnerRoot,
  getPolicy,
} from '@steadfleet/protocol'
import type { Envelope } from '@steadfleet/trust'
import { payloadTypes, TrustError } from '@steadfleet/trust'
import type { Outbox } from '../report/outbox.ts'
import type { Identity } from '../trust/identity.ts'
import type { TrustState } from '../trust/trust-state.ts'

export interface CheckInContext {
  readonly client: Client
  readonly identity: Identity
  readonly trust: TrustState
  readonly outbox: Outbox
  readonly makeReport: () => Promise<StateReport>
  readonly now: () => Date
  readonly stop: AbortSignal
}

/** What came of a check-in. A refusal is of what the server offered; the check-in itself went well. */
export interface CheckedIn {
  readonly hasNewOrder: boolean
  readonly hasMore: boolean
  readonly refusal?: unknown
}

/** Says what the device runs, hears what it shall run, and takes that over where it may be trusted. */
export async function checkInOnce(context: CheckInContext): Promise<CheckedIn> {
  const { client, identity, outbox, stop } = context
  const events = outbox.waiting()
  const report = await identity.seal(payloadTypes.report, await context.makeReport())
  const body = { report: viewOf(report), events: [...events] }
  const reply = await client.call(checkIn, { body, signal: stop })
  await outbox.acknowledge(reply.acknowledged)
  // A server that does not acknowledge is not asked again at once.
  const isTaken = reply.acknowledged >= (events.at(-1)?.sequence ?? Number.POSITIVE_INFINITY)
  const hasMore = isTaken && outbox.waiting().length > 0
  try {
    await catchUp(context, reply)
    if (reply.order) await context.trust.takeOrder(reply.order, context.now())
    return { hasNewOrder: reply.order !== null, hasMore }
  } catch (refusal) {
    if (!(refusal instanceof TrustError)) throw refusal
    return { hasNewOrder: false, hasMore, refusal }
  }
}

/** Steps of the owner root one by one, each signed by the one before; then the policy under the last. */
async function catchUp(
  { client, trust, stop }: CheckInContext,
  reply: { readonly ownerRootVersion: number; readonly policyVersion: number },
): Promise<void> {
  while (trust.ownerRoot.version < reply.ownerRootVersion) {
    const version = String(trust.ownerRoot.version + 1)
    await trust.takeOwnerRoot(
      await client.call(getOwnerRoot, { params: { version }, signal: stop }),
    )
  }
  if (trust.policy.version < reply.policyVersion) {
    await trust.takePolicy(await client.call(getPolicy, { signal: stop }))
  }
}

function viewOf({ payloadType, payload, signatures }: Envelope): EnvelopeView {
  return { payloadType, payload, signatures: signatures.map(one => ({ ...one })) }
}
