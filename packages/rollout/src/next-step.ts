import { nextState } from '@steadfleet/base'
import {
  devicesIn,
  type Finding,
  type Phase,
  type RolloutState,
  rolloutTable,
  sumTallies,
  type Tally,
} from '@steadfleet/domain'
import {
  type Control,
  type HaltingRule,
  haltingFinding,
  type Seen,
  seenOf,
  weigh,
} from './halting.ts'

/** How far a rollout is: counts alone, so that a step costs the same whatever the size of the fleet. */
export interface Progress {
  readonly state: RolloutState
  readonly phases: readonly Phase[]
  /** One for each phase. */
  readonly tallies: readonly Tally[]
  /** When each phase had nothing to wait for any more, in milliseconds since 1970; null while it has. */
  readonly closedAt: readonly (number | null)[]
  readonly now: number
  /** What had gone wrong when a person last said to go on in spite of it. */
  readonly accepted: Seen
  readonly control: Control
  readonly rule: HaltingRule
}

/** What follows: how far the rollout is now, and how many devices it moves next. */
export interface Step {
  readonly state: RolloutState
  readonly findings: readonly Finding[]
  readonly closedAt: readonly (number | null)[]
  /** Why the state changed; empty where it did not. */
  readonly why: string
  /** How many waiting devices of which phase are ordered now, the first in their order. */
  readonly wave?: Wave | undefined
  /** Until when a phase is watched before the next one opens. */
  readonly soaksUntil?: number | undefined
}

export interface Wave {
  readonly phase: number
  readonly most: number
}

/**
 * Too many failures in a phase, or the evidence of the halting test, trip the rollout; a phase whose devices
 * have all spoken opens the next, once it has soaked; the last one finishes it.
 */
export function nextStep(progress: Progress): Step {
  const { phases, tallies, state, now } = progress
  const { accepted, control, rule } = progress
  const findings = weigh(seenOf(sumTallies(tallies)), accepted, control, rule)
  const isOpenAt = (i: number): boolean => isOpen(tallies[i] as Tally, phases[i] as Phase)
  const closedAt = phases.map((_, i) => (isOpenAt(i) ? null : (progress.closedAt[i] ?? now)))
  const step = { findings, closedAt, why: '' }
  if (state !== 'running') return { ...step, state }
  const trip = whyTripped(progress) ?? whyHalted(findings)
  if (trip) return { ...step, state: after('trip'), why: trip }
  const open = phases.findIndex((_, i) => isOpenAt(i))
  const soaksUntil = endOfSoak({ ...progress, closedAt }, open < 0 ? phases.length : open)
  if (soaksUntil > now) return { ...step, state, soaksUntil }
  if (open < 0) return { ...step, state: after('finish'), why: whyDone(tallies) }
  return { ...step, state, wave: waveOf(progress, open) }
}

/** Where a phase has a bound, each of its devices must speak before the next opens. */
function isOpen(tally: Tally, phase: Phase): boolean {
  if (tally.waiting > 0 || tally.ordered > 0) return true
  return phase['max-failures'] !== undefined && tally.away + tally.silent > 0
}

/** When the phases before `open` have all been watched for as long as they want. */
function endOfSoak({ phases, tallies, closedAt }: Progress, open: number): number {
  const ends = phases.slice(0, open).map((phase, i) => {
    const isEmpty = devicesIn(tallies[i] as Tally) === 0
    return isEmpty ? 0 : (closedAt[i] ?? 0) + (phase['soak-seconds'] ?? 0) * 1000
  })
  return Math.max(0, ...ends)
}

/** So many devices without a verdict are no danger to a fleet. */
const smallestWave = 20

/**
 * How many of an open phase are ordered now: with a bound all of it; without one no more than have done well
 * so far, so that what a bad release can reach only doubles from one look to the next.
 */
function waveOf({ phases, tallies }: Progress, open: number): Wave | undefined {
  const phase = phases[open] as Phase
  const { waiting } = tallies[open] as Tally
  const { done, ordered } = sumTallies(tallies)
  const doubling = phase['max-failures'] === undefined ? Math.max(smallestWave, done) : waiting
  const underWay = phase['max-failures'] === undefined ? ordered : 0
  const most = Math.min(waiting, doubling - underWay, (phase['at-once'] ?? waiting) - ordered)
  return most > 0 ? { phase: open, most } : undefined
}

/**
 * Why a phase trips the rollout, the last one first; one that ended within its bound may yet, when a device of
 * it goes back. What a person has accepted is taken for what came first.
 */
function whyTripped({ accepted, phases, tallies }: Progress): string | undefined {
  const failures = tallies.map(tally => tally.failed + tally['rolled back'])
  const all = failures.reduce((sum, here) => sum + here, 0)
  let fresh = Math.max(0, all - accepted.failed - accepted['rolled back'])
  for (const [phase, { 'max-failures': allowed }] of [...phases.entries()].reverse()) {
    const here = Math.min(fresh, failures[phase] ?? 0)
    if (allowed !== undefined && here > allowed) return tripWords(here, phase, allowed, tallies)
    fresh -= here
  }
  return undefined
}

function tripWords(
  failed: number,
  phase: number,
  allowed: number,
  tallies: readonly Tally[],
): string {
  const moved = devicesIn(tallies[phase] as Tally)
  const bound = allowed === 0 ? 'none' : `at most ${allowed}`
  return `${failed} of ${moved} devices failed in phase ${phase + 1}, where ${bound} may`
}

const toldAs: Readonly<Record<Finding['kind'], string>> = {
  failed: 'failed',
  'rolled back': 'went back',
  crashed: 'crashed after they had said that all is well',
  silent: 'fell silent',
}

function whyHalted(findings: readonly Finding[]): string | undefined {
  const found = haltingFinding(findings)
  if (!found) return undefined
  const { kind, seen, moved, expected } = found
  return `${seen} of ${moved} devices ${toldAs[kind]}, where ${toPercent(expected)} may`
}

function toPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}

function whyDone(tallies: readonly Tally[]): string {
  const { silent, away } = sumTallies(tallies)
  const mute = silent + away
  return mute === 0 ? 'every device has spoken' : `every device has spoken but ${mute} not heard of`
}

function after(event: 'trip' | 'finish'): RolloutState {
  return nextState(rolloutTable, 'running', event) as RolloutState
}
