import { nextState } from '@steadfleet/base'
import {
  type DeviceId,
  type Finding,
  type Move,
  type Phase,
  type RolloutState,
  rolloutTable,
} from '@steadfleet/domain'
import {
  type Control,
  type HaltingRule,
  haltingFinding,
  type Seen,
  seenOf,
  weigh,
} from './halting.ts'

/** How far a rollout is. */
export interface Progress {
  readonly state: RolloutState
  readonly phases: readonly Phase[]
  /** In the order in which devices are moved. */
  readonly moves: readonly Move[]
  /** What had gone wrong when a person last said to go on in spite of it. */
  readonly accepted: Seen
  /** Devices that have not been heard of for too long. */
  readonly away: ReadonlySet<DeviceId>
  readonly control: Control
  readonly rule: HaltingRule
  /** Devices that may not be ordered yet, for a reason of their own: their phase waits for them. */
  readonly held?: ReadonlySet<DeviceId>
}

/** What a device's own signed reports say of the move, and what the platform says of one who says nothing. */
export type Verdict = 'done' | 'failed' | 'rolled back' | 'crashed' | 'silent'

/** What follows from some reports: how far the rollout is now. Who is to move next is among the moves, as ordered. */
export interface Next {
  readonly state: RolloutState
  readonly moves: readonly Move[]
  readonly findings: readonly Finding[]
  /** Why the state changed; empty where it did not. */
  readonly why: string
}

/**
 * Takes reports into account and goes on: too many failures in a phase, or the evidence of the halting test,
 * trip the rollout; a phase whose devices have all spoken opens the next; the last one finishes it.
 */
export function nextMoves(progress: Progress, reports: ReadonlyMap<DeviceId, Verdict>): Next {
  const moves = progress.moves.map(move => decided(move, reports.get(move.device)))
  const { accepted, control, rule } = progress
  const findings = weigh(seenOf(moves), accepted, control, rule)
  const next = { moves, findings }
  if (progress.state !== 'running') return { ...next, state: progress.state, why: '' }
  const trip = whyTripped(progress, moves) ?? whyHalted(findings)
  if (trip) return { ...next, state: after('trip'), why: trip }
  const open = moves.find(move => isOpen(move, progress.phases))?.phase
  if (open === undefined) {
    return { ...next, state: after('finish'), why: whyDone(moves) }
  }
  const chosen = new Set(waveOf(progress, open, moves))
  return {
    ...next,
    state: 'running',
    moves: moves.map(move => (chosen.has(move) ? ordered(move, progress.away) : move)),
    why: '',
  }
}

/** Whose turn it is once these reports are taken into account: who of the open phase was not ordered yet. */
export function whoseTurn(
  { phases, moves }: Pick<Progress, 'phases' | 'moves'>,
  reports: ReadonlyMap<DeviceId, Verdict>,
): DeviceId[] {
  const after = moves.map(move => decided(move, reports.get(move.device)))
  const open = after.find(move => isOpen(move, phases))?.phase
  return after
    .filter(({ phase, state }) => phase === open && state === 'waiting')
    .map(({ device }) => device)
}

/** States of a move of which its device has not spoken. */
export const awaited: ReadonlySet<Move['state']> = new Set(['ordered', 'away', 'silent'])

/** A device that is away is ordered too, and obeys when it is back: nobody waits for it. */
function ordered(move: Move, away: ReadonlySet<DeviceId>): Move {
  return { ...move, state: away.has(move.device) ? 'away' : 'ordered' }
}

/**
 * A verdict decides a move that was ordered, and who was silent may still speak. Who said that all is well
 * and then went back is counted back. What was never ordered is nobody's proof.
 */
function decided(move: Move, verdict: Verdict | undefined): Move {
  if (verdict === undefined || move.state === 'waiting') return move
  if (verdict === 'crashed') return move.state === 'done' ? { ...move, crashed: true } : move
  if (verdict === 'silent') return move.state === 'ordered' ? { ...move, state: verdict } : move
  const counts = verdict === 'rolled back' ? move.state !== 'failed' : awaited.has(move.state)
  return counts ? { ...move, state: verdict } : move
}

/** Where a phase has a bound, each of its devices must speak before the next opens. */
function isOpen({ state, phase }: Move, phases: readonly Phase[]): boolean {
  const waitsForAll = phases[phase]?.['max-failures'] !== undefined
  return state === 'waiting' || state === 'ordered' || (waitsForAll && awaited.has(state))
}

/** So many devices without a verdict are no danger to a fleet. */
const smallestWave = 20

/**
 * Who of an open phase is ordered now: with a bound all of it; without one no more than have done well so
 * far, so that what a bad release can reach only doubles from one look to the next.
 */
function waveOf({ phases, held }: Progress, open: number, moves: readonly Move[]): Move[] {
  const waiting = moves.filter(
    ({ phase, state, device }) => phase === open && state === 'waiting' && !held?.has(device),
  )
  if (phases[open]?.['max-failures'] !== undefined) return waiting
  const count = (state: Move['state']) => moves.filter(move => move.state === state).length
  return waiting.slice(0, Math.max(0, Math.max(smallestWave, count('done')) - count('ordered')))
}

/**
 * Why a phase trips the rollout, the last one first; one that ended within its bound may yet, when a device of
 * it goes back. What a person has accepted is taken for what came first.
 */
function whyTripped({ accepted, phases }: Progress, moves: readonly Move[]): string | undefined {
  const failed = moves.filter(({ state }) => state === 'failed' || state === 'rolled back')
  let fresh = Math.max(0, failed.length - accepted.failed - accepted['rolled back'])
  for (const [phase, { 'max-failures': allowed }] of [...phases.entries()].reverse()) {
    const here = Math.min(fresh, failed.filter(move => move.phase === phase).length)
    if (allowed !== undefined && here > allowed) return tripWords(here, phase, allowed, moves)
    fresh -= here
  }
  return undefined
}

function tripWords(failed: number, phase: number, allowed: number, moves: readonly Move[]): string {
  const moved = moves.filter(move => move.phase === phase).length
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

function whyDone(moves: readonly Move[]): string {
  const mute = moves.filter(({ state }) => state === 'silent' || state === 'away').length
  return mute === 0 ? 'every device has spoken' : `every device has spoken but ${mute} not heard of`
}

function after(event: 'trip' | 'finish'): RolloutState {
  return nextState(rolloutTable, 'running', event) ?? 'running'
}
