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
import type { HealthRing } from '../report/health-ring.ts'
import type { Outbox } from '../report/outbox.ts'
import { adoptionEvents, adoptionsOf } from '../trust/adoption.ts'
import { disallowedEvents, type Running } from '../trust/disallowed.ts'
import type { Identity } from '../trust/identity.ts'
import { logEvents } from '../trust/log-events.ts'
import { heedTimes, heldVersions } from '../trust/times.ts'
import type { TrustState } from '../trust/trust-state.ts'
import type { LastReport } from './last-report.ts'

export interface CheckInContext {
  readonly client: Client
  readonly identity: Identity
  readonly trust: TrustState
  readonly outbox: Outbox
  readonly makeReport: () => Promise<StateReport>
  /** What the device runs now. */
  readonly running: () => Promise<readonly Running[]>
  /** What was measured and is not told yet. */
  readonly health: Pick<HealthRing, 'waiting' | 'forget'>
  /** For how long ago that was: milliseconds that only go forward. */
  readonly monotonic: () => number
  /** What the server has been told, in this life of the agent. */
  readonly last: LastReport
  readonly now: () => Date
  readonly stop: AbortSignal
}

/** What came of a check-in. A refusal is of what the server offered; the check-in itself went well. */
export interface CheckedIn {
  readonly hasNewOrder: boolean
  readonly hasMore: boolean
  readonly refusal?: unknown
  /** What is wrong with the catalogues' freshness: it is told, and hinders nothing that was ordered. */
  readonly suspicions: readonly unknown[]
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
  const taken = await take(context, reply)
  const newer = reply.catalogues
  const suspicions = newer ? await heedTimes(context, newer, context.now()) : []
  return { ...taken, hasMore, suspicions }
}

async function take(
  context: CheckInContext,
  reply: ReplyOf<typeof checkIn>,
): Promise<Pick<CheckedIn, 'hasNewOrder' | 'refusal'>> {
  try {
    await catchUp(context, reply)
    if (reply.order) await context.trust.takeOrder(reply.order, context.now())
    return { hasNewOrder: reply.order !== null }
  } catch (refusal) {
    if (!(refusal instanceof TrustError)) throw refusal
    return { hasNewOrder: false, refusal }
  }
}

/**
 * A report whose number the server holds already is numbered anew, once: the numbers were lost here, or
 * there the report that was said to hold unchanged.
 */
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
    context.last.forget()
    return sendOnce(context, events)
  }
}

async function sendOnce(
  context: CheckInContext,
  events: readonly DeviceEvent[],
): Promise<ReplyOf<typeof checkIn>> {
  const { client, trust, last, now, stop } = context
  const said = await context.makeReport()
  // Signed with the report, an event is evidence for as long as the envelope is kept.
  const report = events.length === 0 ? said : { ...said, events: events.map(digestOfEvent) }
  const unchanged = last.numberOf(report, now())
  const word = unchanged === undefined ? await sealed(context, report) : { unchanged }
  const catalogues = await heldVersions(trust)
  const health = context.health.waiting(context.monotonic())
  const measured = health.length > 0 ? { health } : {}
  const body = { ...word, events: [...events], catalogues, ...measured }
  const reply = await client.call(checkIn, { body, signal: stop })
  context.health.forget(health.length)
  if (unchanged === undefined) last.keep(report, now())
  return reply
}

async function sealed(
  { identity }: CheckInContext,
  report: StateReport,
): Promise<{ readonly report: EnvelopeView }> {
  return { report: viewOf(await identity.seal(payloadTypes.report, report)) }
}

/** Steps of the owner root one by one, each signed by the one before; then the policy under the last. */
async function catchUp(
  { client, trust, outbox, running, stop }: CheckInContext,
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
    const policy = trust.heldPolicy
    await trust.takePolicy(await client.call(getPolicy, { signal: stop }))
    for (const event of adoptionEvents(before, trust.policy)) await outbox.add(event)
    for (const event of logEvents(policy, trust.policy)) await outbox.add(event)
    const disallowed = disallowedEvents(policy, trust.policy, await running())
    for (const event of disallowed) await outbox.add(event)
  }
}

function viewOf({ payloadType, payload, signatures }: Envelope): EnvelopeView {
  return { payloadType, payload, signatures: signatures.map(one => ({ ...one })) }
}
