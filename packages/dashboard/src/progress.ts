import { nobody, type Phase, type Rollout, type Tally } from '@steadfleet/domain'
import type { ChannelView, DeviceView, FailureView, FleetView } from '@steadfleet/protocol'
import { toCount } from './format/text.ts'
import { toDuration } from './format/time.ts'

/** One phase of a rollout: what it opens to, and how far its devices are. */
export interface PhaseProgress {
  readonly label: string
  readonly allows: string
  readonly tally: Tally
}

/** The phases of a rollout, each with the count of its devices. */
export function phasesOf(rollout: Rollout): PhaseProgress[] {
  return rollout.phases.map((phase, index) => ({
    label: labelOf(phase),
    allows: allowancesOf(phase),
    tally: rollout.tallies[index] ?? nobody,
  }))
}

/** How much of a fleet runs the revision that the package's channel names. */
export interface Freshness {
  readonly package: string
  readonly channel: string
  readonly revision: number | undefined
  readonly fresh: number
  readonly devices: number
  /** What the others run: devices by revision, the newest first. */
  readonly others: readonly (readonly [revision: number, devices: number])[]
}

/** For each package that a fleet follows, the share of devices on the channel's revision. */
export function freshnessOf(
  fleet: FleetView,
  channels: readonly ChannelView[],
  devices: readonly DeviceView[],
): Freshness[] {
  return fleet.packages.map(followed => {
    const points = channels.find(
      channel => channel.package === followed.package && channel.channel === followed.channel,
    )
    const runs = revisionsOf(followed.package, devices)
    const fresh = points ? (runs.get(points.revision) ?? 0) : 0
    const others = [...runs].filter(([revision]) => revision !== points?.revision)
    return {
      ...followed,
      revision: points?.revision,
      fresh,
      devices: devices.length,
      others: others.toSorted(([a], [b]) => b - a),
    }
  })
}

function revisionsOf(name: string, devices: readonly DeviceView[]): Map<number, number> {
  const running = devices.flatMap(({ releases }) => releases.filter(each => each.package === name))
  const byRevision = Map.groupBy(running, ({ revision }) => revision)
  return new Map([...byRevision].map(([revision, of]) => [revision, of.length]))
}

/** A share in whole per cent; all of nothing is nothing. Only all is 100. */
export function toPercent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part / whole) * 100)
}

function allowancesOf({ 'soak-seconds': soak, 'at-once': atOnce, ...phase }: Phase): string {
  return [
    allowanceOf(phase['max-failures']),
    ...(atOnce === undefined ? [] : [`${toCount(atOnce, 'device')} at once`]),
    ...(soak === undefined ? [] : [`watched for ${toDuration(soak * 1000)} after`]),
  ].join(' · ')
}

function allowanceOf(failures: number | undefined): string {
  if (failures === undefined) return 'halts on evidence'
  if (failures === 0) return 'halts at the first failure'
  return `halts at more than ${toCount(failures, 'failure')}`
}

function labelOf(phase: Phase): string {
  const { group, where, devices } = phase
  const of = [
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(where === undefined ? [] : [where]),
    ...(devices === undefined ? [] : [toCount(devices.length, 'named device')]),
  ]
  return of.length === 0 ? sizeOf(phase) : `${sizeOf(phase)} of ${of.join(', ')}`
}

function sizeOf(phase: Phase): string {
  if (phase.count !== undefined) return toCount(phase.count, 'device')
  return phase.percent === 100 ? 'All devices' : `${phase.percent ?? 100} %`
}

/** What devices of its fleet reported of a rollout's release since it began. */
export function failuresOf(rollout: Rollout, all: readonly FailureView[]): FailureView[] {
  return all.filter(
    ({ at, fleet, failure }) =>
      failure.package === rollout.package &&
      failure.revision === rollout.revision &&
      at >= rollout.createdAt &&
      fleet === rollout.fleet,
  )
}
