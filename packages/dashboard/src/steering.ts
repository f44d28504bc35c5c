import type { Move, Rollout, RolloutState } from '@steadfleet/domain'
import { toCount, toList } from './format/text.ts'
import { tally } from './progress.ts'

/** What a person may do to a rollout. */
export type Steer = 'pause' | 'resume' | 'cancel'

/** Which of them a rollout's state accepts: the person's half of `rolloutTable` in domain. */
export const steersOf: Readonly<Record<RolloutState, readonly Steer[]>> = {
  draft: ['cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  halted: ['resume', 'cancel'],
  done: [],
  cancelled: [],
}

/** Whom a deed hits, in words, before it is done. */
export function consequenceOf(
  steer: Steer,
  rollout: Rollout,
  nameOf: (device: string) => string,
): string {
  const { ordered, failed, 'rolled back': rolledBack } = tally(rollout.moves)
  const bad = failed + rolledBack
  const waiting = named(rollout.moves, nameOf)
  const under = toCount(ordered, 'device')
  switch (steer) {
    case 'pause':
      return `${waiting} will not be ordered until it is resumed. ${under} already ordered will finish.`
    case 'cancel':
      return `${waiting} will keep what they run, and this rollout cannot be resumed. ${under} already ordered will finish.`
    case 'resume': {
      const begin = `${waiting} will be ordered to take revision ${rollout.revision}.`
      return bad > 0 ? `${begin} It failed on ${toCount(bad, 'device')} before.` : begin
    }
  }
}

function named(moves: readonly Move[], nameOf: (device: string) => string): string {
  const names = moves.filter(({ state }) => state === 'waiting').map(({ device }) => nameOf(device))
  if (names.length === 0) return 'No waiting device'
  return `${toCount(names.length, 'waiting device')} (${toList(names)})`
}
