import { toTimestamp } from '@steadfleet/domain'
import { AgentError } from '../error.ts'
import type { Say } from './open-say.ts'
import type { Update } from './update.ts'

/** Puts updates off until a moment, or until they are resumed; never beyond the bound of the fleet. */
export async function holdUpdates({ own, gate }: Say, until?: string): Promise<void> {
  await own.put({ ...own.value, hold: until === undefined ? {} : { until } })
  gate.ring()
}

/** Takes back a hold, and what was answered. */
export async function resumeUpdates({ own, gate }: Say): Promise<void> {
  const { hold: _, answer: __, ...rest } = own.value
  await own.put(rest)
  gate.ring()
}

/** Says for good whether the link is metered; null leaves it to what the device finds. */
export async function setMetered({ own, gate }: Say, metered: boolean | null): Promise<void> {
  const { metered: _, ...rest } = own.value
  await own.put(metered === null ? rest : { ...rest, metered })
  gate.ring()
}

/** The update that is under way goes on now; nothing happens where there is none. */
export async function updateNow(say: Say): Promise<Update | undefined> {
  const { update } = say.gate
  if (update) await answer(say, { answer: 'now', update: update.id, by: 'owner' })
  return update
}

export interface GivenAnswer {
  readonly answer: 'now' | 'later'
  /** Which update was shown to whoever answers. */
  readonly update: string
  readonly until?: string
}

const laterSeconds = 86_400

/** What somebody who uses the device answers to the update that was shown. */
export async function consent(say: Say, given: GivenAnswer, now: Date): Promise<void> {
  if (say.gate.update?.id !== given.update) {
    const message = `cannot answer about update ${given.update}: it is not the one that waits`
    throw new AgentError('agent/other-update', message, { update: given.update })
  }
  if (!say.policy().consent) {
    const message = 'cannot answer: its fleet does not have anybody asked'
    throw new AgentError('agent/not-asked', message, { update: given.update })
  }
  const later = toTimestamp(new Date(now.getTime() + laterSeconds * 1000))
  const until = given.answer === 'later' ? { until: given.until ?? later } : {}
  await answer(say, { answer: given.answer, update: given.update, by: 'user', ...until })
}

async function answer(
  { own, gate }: Say,
  given: NonNullable<Say['own']['value']['answer']>,
): Promise<void> {
  await own.put({ ...own.value, answer: given })
  gate.ring()
}
