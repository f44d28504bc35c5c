import type { Rollout } from '@steadfleet/domain'
import type { DeviceView, FailureView, RoleView, TimelineEntry } from '@steadfleet/protocol'
import { goalOf } from '@steadfleet/protocol'
import { toCount, toList, toSentence } from './format/text.ts'
import { isWithinHours, toRelative } from './format/time.ts'
import { nameOfRole, rolesToRenew, whyRenew } from './trust.ts'

/** One thing that wants a person: what, why, since when, and where to look. */
export interface Attention {
  readonly key: string
  readonly tone: 'bad' | 'warn'
  readonly what: string
  readonly why: string
  readonly at: string | undefined
  readonly to: string
}

/** What the overview is told of a fleet. */
export interface Known {
  readonly devices: readonly DeviceView[]
  readonly rollouts: readonly Rollout[]
  readonly failures: readonly FailureView[]
  readonly security: readonly TimelineEntry[]
  readonly roles: readonly RoleView[]
}

/** Failures and refusals older than this are history, not news. */
const newsHours = 24

/** What wants a person now, the gravest first. */
export function attentionOf(known: Known, now: Date): Attention[] {
  return [
    ...halted(known.rollouts),
    ...inRescue(known.devices),
    ...ending(known.roles, now),
    ...isolated(known.devices),
    ...refused(known, now),
    ...failed(known.failures, now),
    ...unwell(known.devices),
    ...silent(known.devices, now),
    ...paused(known.rollouts),
    ...waiting(known.rollouts),
  ]
}

function halted(rollouts: readonly Rollout[]): Attention[] {
  return rollouts
    .filter(({ state }) => state === 'halted')
    .map(rollout => ({
      key: `rollout-${rollout.id}`,
      tone: 'bad',
      what: `Rollout of ${rollout.package} ${goalOf(rollout)} is halted`,
      why: toSentence(rollout.why),
      at: undefined,
      to: `/rollouts/${rollout.id}`,
    }))
}

function paused(rollouts: readonly Rollout[]): Attention[] {
  return rollouts
    .filter(({ state }) => state === 'paused')
    .map(rollout => ({
      key: `rollout-${rollout.id}`,
      tone: 'warn',
      what: `Rollout of ${rollout.package} ${goalOf(rollout)} is paused`,
      why: 'No further device is ordered until somebody resumes it.',
      at: undefined,
      to: `/rollouts/${rollout.id}`,
    }))
}

function waiting(rollouts: readonly Rollout[]): Attention[] {
  return rollouts
    .filter(({ state, waitsFor }) => state === 'running' && waitsFor.length > 0)
    .map(rollout => ({
      key: `rollout-${rollout.id}`,
      tone: 'warn',
      what: `Rollout of ${rollout.package} ${goalOf(rollout)} waits for a grant`,
      why: `It asks for ${toList(rollout.waitsFor.map(one => one.interface))}; no device is moved before.`,
      at: undefined,
      to: `/rollouts/${rollout.id}`,
    }))
}

function isolated(devices: readonly DeviceView[]): Attention[] {
  return devices.flatMap(({ id, name, isolation }) => {
    if (isolation === undefined) return []
    const { device: isWhole, packages = [] } = isolation
    const what = isWhole ? `${name} is isolated` : `${toList(packages)} on ${name} is isolated`
    const why = 'Nothing gets in or out of it until somebody releases it.'
    return [{ key: `isolated-${id}`, tone: 'bad', what, why, at: undefined, to: '/security' }]
  })
}

function inRescue(devices: readonly DeviceView[]): Attention[] {
  return devices
    .filter(({ state }) => state === 'rescue')
    .map(device => ({
      key: `rescue-${device.id}`,
      tone: 'bad',
      what: `${device.name} is in rescue`,
      why: 'It could not go back by itself.',
      at: device.seenAt ?? undefined,
      to: `/devices/${device.id}`,
    }))
}

function ending(roles: readonly RoleView[], now: Date): Attention[] {
  return rolesToRenew(roles).map(role => ({
    key: `role-${role.catalogue}-${role.role}`,
    tone: role.alarm >= 90 ? 'bad' : 'warn',
    what: `${nameOfRole(role)} ${role.alarm === 100 ? 'expired' : 'expires'} ${toRelative(role.expires, now)}`,
    why: whyRenew(role),
    at: undefined,
    to: '/trust',
  }))
}

function refused({ devices, security }: Known, now: Date): Attention[] {
  return security
    .filter(({ receivedAt }) => isWithinHours(receivedAt, now, newsHours))
    .slice(0, 5)
    .map(({ id, device, receivedAt, event }) => ({
      key: `security-${id}`,
      tone: 'bad',
      what: `${nameOf(devices, device)} refused something: ${event.code ?? 'no code'}`,
      why: toSentence(event.message),
      at: receivedAt,
      to: `/security?device=${device}`,
    }))
}

/** One line for each release that failed, however many devices it failed on. */
function failed(failures: readonly FailureView[], now: Date): Attention[] {
  const recent = failures.filter(({ at }) => isWithinHours(at, now, newsHours))
  const byRelease = Object.groupBy(
    recent,
    ({ failure }) => `${failure.package} revision ${failure.revision}`,
  )
  return Object.entries(byRelease).flatMap(([release, group = []]) => {
    const newest = group[0]
    if (!newest) return []
    const names = [...new Set(group.map(({ deviceName }) => deviceName))]
    const what = `${release} failed on ${toList(names)}`
    const why = toSentence(newest.failure.reason)
    return [{ key: `failure-${release}`, tone: 'bad', what, why, at: newest.at, to: '/failures' }]
  })
}

function unwell(devices: readonly DeviceView[]): Attention[] {
  return devices.flatMap(device => {
    const apps = device.apps.filter(({ state }) => state === 'failed' || state === 'backing off')
    const [first] = apps
    if (!first) return []
    const what = `${toList(apps.map(({ app }) => app))} on ${device.name} does not stay up`
    const why = `${toSentence(first.state)} after ${toCount(first.restarts, 'restart')}.`
    const to = `/devices/${device.id}`
    return [{ key: `app-${device.id}`, tone: 'warn', what, why, at: undefined, to }]
  })
}

function silent(devices: readonly DeviceView[], now: Date): Attention[] {
  return devices
    .filter(({ silentSince }) => silentSince !== null)
    .map(device => ({
      key: `silent-${device.id}`,
      tone: 'warn',
      what: `${device.name} is silent`,
      why: device.seenAt
        ? `Last heard ${toRelative(device.seenAt, now)}. It goes on running what it has.`
        : 'It enrolled and was not heard since.',
      at: device.seenAt ?? undefined,
      to: `/devices/${device.id}`,
    }))
}

function nameOf(devices: readonly DeviceView[], id: string): string {
  return devices.find(device => device.id === id)?.name ?? id
}
