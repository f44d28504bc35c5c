import { nextState } from '@steadfleet/base'
import {
  type DeviceId,
  type Move,
  type Phase,
  type RolloutState,
  rolloutTable,
} from '@steadfleet/domain'

/** How far a rollout is. */
export interface Progress {
  readonly state: RolloutState
  readonly phases: readonly Phase[]
  /** In the order in which devices are moved. */
  readonly moves: readonly Move[]
  /** How many failures there were when a person last said to go on in spite of them. */
  readonly tolerated: number
}

/** What a device's own signed reports say of the move; silence says nothing. */
export type Verdict = 'done' | 'failed'

/** What follows from some reports: how far the rollout is now, and whom to order next. */
export interface Next {
  readonly state: RolloutState
  readonly moves: readonly Move[]
  readonly order: readonly DeviceId[]
  /** Why the state changed; empty where it did not. */
  readonly why: string
}

/**
 * Takes reports into account and goes on: a phase that saw more failures than it allows trips the
 * rollout; a phase whose devices have all spoken opens the next; the last one finishes it.
 */
export function nextMoves(progress: Progress, reports: ReadonlyMap<DeviceId, Verdict>): Next {
  const moves = progress.moves.map(move => decided(move, reports.get(move.device)))
  if (progress.state !== 'running') return { state: progress.state, moves, order: [], why: '' }
  const trip = whyTripped(progress, moves)
  if (trip) return { state: after('trip'), moves, order: [], why: trip }
  const open = moves.find(isUndecided)?.phase
  if (open === undefined) {
    return { state: after('finish'), moves, order: [], why: 'every device has spoken' }
  }
  const chosen = new Set(moves.filter(({ phase, state }) => phase === open && state === 'waiting'))
  return {
    state: 'running',
    moves: moves.map(move => (chosen.has(move) ? { ...move, state: 'ordered' } : move)),
    order: [...chosen].map(({ device }) => device),
    why: '',
  }
}

/** A verdict decides an ordered move, once; what was never ordered is nobody's proof. */
function decided(move: Move, verdict: Verdict | undefined): Move {
  return verdict && move.state === 'ordered' ? { ...move, state: verdict } : move
}

function isUndecided({ state }: Move): boolean {
  return state === 'waiting' || state === 'ordered'
}

/** Why the phase that opened last trips the rollout; those before it have ended within their bounds. */
function whyTripped(progress: Progress, moves: readonly Move[]): string | undefined {
  const opened = moves.filter(({ state }) => state !== 'waiting').map(({ phase }) => phase)
  const phase = Math.max(0, ...opened)
  const failed = untolerated(progress, moves, phase)
  const allowed = progress.phases[phase]?.['max-failures'] ?? 0
  if (failed <= allowed) return undefined
  const moved = moves.filter(move => move.phase === phase).length
  const bound = allowed === 0 ? 'none' : `at most ${allowed}`
  return `${failed} of ${moved} devices failed in phase ${phase + 1}, where ${bound} may`
}

/** Failures of a phase since a person last resumed: those came in this phase or one before it. */
function untolerated({ tolerated }: Progress, moves: readonly Move[], phase: number): number {
  const failed = moves.filter(({ state }) => state === 'failed')
  const here = failed.filter(move => move.phase === phase)
  return Math.min(here.length, Math.max(0, failed.length - tolerated))
}

function after(event: 'trip' | 'finish'): RolloutState {
  return nextState(rolloutTable, 'running', event) ?? 'running'
}
