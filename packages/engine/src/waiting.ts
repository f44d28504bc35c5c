import {
  type Answer,
  type OwnSay,
  type Pending,
  toTimestamp,
  type UpdatePolicy,
  usualBounds,
  type Waiting,
  type WaitReason,
} from '@steadfleet/domain'
import { type Generation, isSamePackage, packageOf } from './generation.ts'
import { knownZone, nextOpening } from './window.ts'

/** What the device finds around it. What it has no means to know is left out. */
export interface Conditions {
  readonly isMetered: boolean
  /** Of a battery that it runs on now; absent on mains. */
  readonly batteryPercent?: number | undefined
  readonly loadPercent?: number | undefined
}

/** All that decides whether an update may go on. */
export interface Circumstances {
  readonly now: Date
  /** The device's own time zone, for a policy that names none. */
  readonly zone: string
  readonly policy: UpdatePolicy
  readonly own: OwnSay
  readonly conditions: Conditions
  /** Which update it is: an answer given about another one does not count. */
  readonly update: string
  readonly pending: Pending
}

/** The part of a change that is asked about: fetching waits for other things than switching does. */
export type WaitPart = 'fetch' | 'activate'

/** What an update still waits for: nothing once the bound of the fleet's policy is reached. */
export function waitingOf(part: WaitPart, around: Circumstances): Waiting | undefined {
  const { now, policy, pending } = around
  const leftMs = delayLeft(policy, pending, now)
  if (leftMs <= 0) return undefined
  const reasons = checksOf(part, around).flatMap(check => check(around) ?? [])
  if (reasons.length === 0) return undefined
  return { reasons, latest: toTimestamp(new Date(now.getTime() + leftMs)) }
}

type Check = (around: Circumstances) => WaitReason | undefined

const isHeld: Check = ({ own: { hold }, now }) => {
  if (hold === undefined) return undefined
  if (hold.until === undefined)
    return { kind: 'hold', why: 'it is on hold until somebody resumes it' }
  if (Date.parse(hold.until) <= now.getTime()) return undefined
  return { kind: 'hold', why: `it is on hold until ${hold.until}`, until: hold.until }
}

const isOutsideWindows: Check = ({ policy, zone, now }) => {
  if (policy.windows === undefined) return undefined
  const windows = { windows: policy.windows, zone: knownZone(policy['time-zone'] ?? zone) }
  const opening = nextOpening(windows, now)
  if (opening?.getTime() === now.getTime()) return undefined
  if (opening === undefined) return { kind: 'window', why: 'no update window opens before long' }
  const why = `the next update window opens at ${toWallText(opening, windows.zone)}`
  return { kind: 'window', why, until: toTimestamp(opening) }
}

const isNotAgreed: Check = ({ policy, own: { answer }, update, now }) => {
  const given = answer?.update === update ? answer : undefined
  const { until } = given ?? {}
  if (until !== undefined && Date.parse(until) > now.getTime()) {
    return { kind: 'later', why: `somebody here said later, until ${until}`, until }
  }
  if (!policy.consent) return undefined
  return { kind: 'consent', why: 'somebody here has to say that it may go on now' }
}

const isBatteryLow: Check = ({ policy, conditions: { batteryPercent: has } }) => {
  const least = policy['min-battery-percent']
  if (least === undefined || has === undefined || has >= least) return undefined
  return { kind: 'battery', why: `the battery has ${has} %, and ${least} % or mains are asked for` }
}

const isBusy: Check = ({ policy, conditions: { loadPercent: is } }) => {
  const most = policy['max-load-percent']
  if (most === undefined || is === undefined || is <= most) return undefined
  return { kind: 'load', why: `the load is ${is} %, and ${most} % is the most for an update` }
}

const isMetered: Check = ({ policy, own, conditions }) => {
  if (policy.metered === 'fetch' || !(own.metered ?? conditions.isMetered)) return undefined
  return { kind: 'metered', why: 'the link is metered' }
}

const checks: Readonly<Record<WaitPart, readonly Check[]>> = {
  fetch: [isMetered, isBatteryLow],
  activate: [isHeld, isOutsideWindows, isNotAgreed, isBatteryLow, isBusy],
}

/** What stands though somebody at the device says now: a hold of its owner's, and an empty battery. */
const checksFor: Readonly<Record<Answer['by'], Readonly<Record<WaitPart, readonly Check[]>>>> = {
  user: { fetch: [isBatteryLow], activate: [isHeld, isBatteryLow] },
  owner: { fetch: [isBatteryLow], activate: [isBatteryLow] },
}

function checksOf(part: WaitPart, { own: { answer }, update }: Circumstances): readonly Check[] {
  const isWanted = answer?.answer === 'now' && answer.update === update
  return isWanted ? checksFor[answer.by][part] : checks[part]
}

/** Milliseconds for which it may still be put off. */
function delayLeft(policy: UpdatePolicy, pending: Pending, now: Date): number {
  const bounds = { ...usualBounds, ...policy }
  const left = (seconds: number, { since, waited }: Pick<Pending, 'since' | 'waited'>) =>
    seconds * 1000 - Math.max(now.getTime() - Date.parse(since), waited * 1000)
  const usual = left(bounds['max-delay-seconds'], pending)
  const { security } = pending
  return security ? Math.min(usual, left(bounds['security-delay-seconds'], security)) : usual
}

/** Seconds for which what runs may still ask for patience; none from 0 on. */
export function leaseLeft(policy: UpdatePolicy, pending: Pending): number {
  const bounds = { ...usualBounds, ...policy }
  const usual = bounds['lease-seconds'] - pending.leased
  if (!pending.security) return usual
  return Math.min(usual, bounds['security-lease-seconds'] - pending.leased)
}

/**
 * The wait after `seconds` more of it. It is kept by the clock, so that time without power counts, and
 * by what was waited, so that a clock that goes back gains nothing.
 */
export function nextPending(
  before: Pending | undefined,
  more: { readonly now: Date; readonly seconds: number; readonly isSecurity: boolean },
): Pending {
  const begin = { since: toTimestamp(more.now), waited: 0 }
  const pending = before ?? { ...begin, leased: 0 }
  const security = pending.security ?? (more.isSecurity ? begin : undefined)
  const longer = <T extends { readonly waited: number }>(one: T): T => {
    return { ...one, waited: one.waited + more.seconds }
  }
  return { ...longer(pending), ...(security && { security: longer(security) }) }
}

/** What a change means to those who use the device. */
export interface Interruption {
  /** Other software, not the same with other settings. */
  readonly isUpdate: boolean
  /** It mends a known flaw of what runs. */
  readonly isSecurity: boolean
}

/** What it is to go from one generation to the other. */
export function interruptionOf(from: Generation, to: Generation): Interruption {
  const changed = to.packages.filter(one => !isSamePackage(packageOf(from, one.package), one))
  const pairs = changed.map(after => ({ before: packageOf(from, after.package), after }))
  const isGone = from.packages.some(one => packageOf(to, one.package) === undefined)
  const isOther = pairs.some(({ before, after }) => before?.tree.digest !== after.tree.digest)
  return {
    // Where nothing runs yet nobody is interrupted.
    isUpdate: from.packages.length > 0 && (isGone || isOther),
    isSecurity: pairs.some(({ before, after }) => {
      const mended = after.behaviour['security-revision'] ?? 0
      return before !== undefined && before.revision < mended && mended <= after.revision
    }),
  }
}

function toWallText(at: Date, zone: string): string {
  const wall = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)
  return `${wall.toPlainDate()} ${wall.toPlainTime().toString({ smallestUnit: 'minute' })} (${zone})`
}
