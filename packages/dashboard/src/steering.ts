import { type Rollout, type RolloutState, sumTallies } from '@steadfleet/domain'
import { toCount, toList } from './format/text.ts'

/** What a person may do to a rollout. */
export type Steer = 'approve' | 'start' | 'pause' | 'resume' | 'cancel'

/** Which of them a rollout's state accepts: the person's half of `rolloutTable` in domain. */
export const steersOf: Readonly<Record<RolloutState, readonly Steer[]>> = {
  draft: ['approve', 'cancel'],
  scheduled: ['start', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  halted: ['resume', 'cancel'],
  done: [],
  cancelled: [],
}

/** Whom a deed hits, in words, before it is done; `names` are some of those who wait. */
export function consequenceOf(steer: Steer, rollout: Rollout, names: readonly string[]): string {
  const { ordered, away, failed, ...rest } = sumTallies(rollout.tallies)
  const bad = failed + rest['rolled back']
  const waiting = named(rest.waiting, names)
  const under = toCount(ordered, 'device')
  const called = toCount(ordered + away, 'device')
  switch (steer) {
    case 'approve':
      return `Devices of fleet ${rollout.fleet} will be ordered to take revision ${rollout.revision}, phase by phase${rollout.startsAt ? ', from its time on' : ''}.`
    case 'start':
      return `Devices of fleet ${rollout.fleet} will be ordered now to take revision ${rollout.revision}, phase by phase.`
    case 'pause':
      return `${waiting} will not be ordered until it is resumed. ${under} already ordered will finish.`
    case 'cancel':
      return `${waiting} will keep what they run, and this rollout cannot be resumed. ${called} already ordered will be called back.`
    case 'resume': {
      const begin = `${waiting} will be ordered to take revision ${rollout.revision}.`
      return bad > 0 ? `${begin} It failed on ${toCount(bad, 'device')} before.` : begin
    }
  }
}

function named(count: number, names: readonly string[]): string {
  if (count === 0) return 'No waiting device'
  const others = count - names.length
  const told = others > 0 ? [...names, `${others} more`] : names
  return `${toCount(count, 'waiting device')} (${toList(told)})`
}
