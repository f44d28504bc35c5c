import type { Generation } from '@steadfleet/engine'
import type { Parts } from '../parts.ts'
import { toWords } from './rescue-words.ts'

/**
 * Writes down and tells what the rescuer did before this start. An open change is not closed by it; where it is
 * about the agent itself it goes by the rescuer's word until it is over, which is kept until then.
 */
export async function tellRescues(
  { self, journal, outbox }: Pick<Parts, 'self' | 'journal' | 'outbox'>,
  current: Generation,
): Promise<void> {
  if (self.rescues.length === 0) return
  const words = self.rescues.map(toWords)
  for (const message of words) await outbox.add({ kind: 'agent', code: 'agent/rescued', message })
  const { change } = journal.state
  if (change && self.rescues.some(({ kind }) => kind === 'agent')) return
  const why = `the rescuer ${words.join('; ')}`.slice(0, 900)
  if (!change) await journal.append({ type: 'found', generation: current.number, why })
  await self.files.forgetRescues()
}
