import type { Move, RolloutState } from '@steadfleet/domain'

/** What a device's own signed reports say of the move, and what the platform says of one who says nothing. */
export type Verdict = 'done' | 'failed' | 'rolled back' | 'crashed' | 'silent'

/** How far one device is. */
export type Standing = Pick<Move, 'state' | 'crashed'>

/** States of a move of which its device has not spoken. */
export const awaited: ReadonlySet<Move['state']> = new Set(['ordered', 'away', 'silent'])

type Outcomes = Readonly<Partial<Record<Move['state'], Move['state']>>>

/**
 * What a verdict makes of a move. Who was silent may still speak; who said that all is well and then went back
 * is counted back; what was never ordered is nobody's proof.
 */
const outcomes: Readonly<Record<Exclude<Verdict, 'crashed'>, Outcomes>> = {
  done: { ordered: 'done', away: 'done', silent: 'done' },
  silent: { ordered: 'silent' },
  failed: { ordered: 'failed', away: 'failed', silent: 'failed', recalled: 'failed' },
  'rolled back': {
    ordered: 'rolled back',
    away: 'rolled back',
    silent: 'rolled back',
    recalled: 'rolled back',
    done: 'rolled back',
  },
}

/** A device that was quicker than the order that recalls it goes back all the same. */
const tooLate: Outcomes = { ordered: 'recalled', away: 'recalled', silent: 'recalled' }

/** States of a rollout in which its orders have been taken back. */
const recalling: ReadonlySet<RolloutState> = new Set(['halted', 'cancelled'])

/** How far a device is once a verdict on it is heard. */
export function decided(move: Standing, verdict: Verdict, rollout: RolloutState): Standing {
  if (verdict === 'crashed') return move.state === 'done' ? { ...move, crashed: true } : move
  const isLate = verdict === 'done' && recalling.has(rollout)
  const state = (isLate ? tooLate : outcomes[verdict])[move.state]
  return state ? { ...move, state } : move
}
