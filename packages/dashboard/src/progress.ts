import { nobody, type Phase, type Rollout, type Tally } from '@steadfleet/domain'
import type { FailureView } from '@steadfleet/protocol'
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
