import { isCoded } from '@steadfleet/base'
import { type DeviceEvent, digestOfEvent, type StateReport } from '@steadfleet/domain'
import {
  type Client,
  checkIn,
  type EnvelopeView,
  getOwnerRoot,
  getPolicy,
  type ReplyOf,
} from '@steadfleet/protocol'
import type { Envelope } from '@steadfleet/trust'
import { payloadTypes, TrustError } from '@steadfleet/trust'
import type { Outbox } from '../report/outbox.ts'
import { adoptionEvents, adoptionsOf } from '../trust/adoption.ts'
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
  const { outbox } = context
  const events = outbox.waiting()
  const reply = await send(context, events)
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

/** A report whose number the server holds already is numbered anew, once: the numbers were lost here. */
async function send(
  context: CheckInContext,
  events: readonly DeviceEvent[],
): Promise<ReplyOf<typeof checkIn>> {
  try {
    return await sendOnce(context, events)
  } catch (error) {
    const held = isCoded(error, 'device/wrong-report') ? error.details.held : undefined
    if (typeof held !== 'number') throw error
    context.outbox.skipReports(held)
    return sendOnce(context, events)
  }
}

async function sendOnce(
  { client, identity, makeReport, stop }: CheckInContext,
  events: readonly DeviceEvent[],
): Promise<ReplyOf<typeof checkIn>> {
  const said = await makeReport()
  // Signed with the report, an event is evidence for as long as the envelope is kept.
  const named = events.length === 0 ? said : { ...said, events: events.map(digestOfEvent) }
  const report = await identity.seal(payloadTypes.report, named)
  const body = { report: viewOf(report), events: [...events] }
  return client.call(checkIn, { body, signal: stop })
}

/** Steps of the owner root one by one, each signed by the one before; then the policy under the last. */
async function catchUp(
  { client, trust, outbox, stop }: CheckInContext,
  reply: { readonly ownerRootVersion: number; readonly policyVersion: number },
): Promise<void> {
  while (trust.versions.ownerRoot < reply.ownerRootVersion) {
    const version = String(trust.versions.ownerRoot + 1)
    await trust.takeOwnerRoot(
      await client.call(getOwnerRoot, { params: { version }, signal: stop }),
    )
  }
  if (trust.versions.policy < reply.policyVersion) {
    const before = adoptionsOf(trust)
    await trust.takePolicy(await client.call(getPolicy, { signal: stop }))
    for (const event of adoptionEvents(before, trust.policy)) await outbox.add(event)
  }
}

function viewOf({ payloadType, payload, signatures }: Envelope): EnvelopeView {
  return { payloadType, payload, signatures: signatures.map(one => ({ ...one })) }
}
