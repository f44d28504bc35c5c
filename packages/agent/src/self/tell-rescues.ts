import type { Generation } from '@steadfleet/engine'
import type { Parts } from '../parts.ts'
import type { Rescue } from './agent-files.ts'

/**
 * Writes down and tells what the rescuer did before this start. An open change is not closed by it, and
 * goes by it until it is over: until then the rescuer's word is kept.
 */
export async function tellRescues(
  { self, journal, outbox }: Pick<Parts, 'self' | 'journal' | 'outbox'>,
  current: Generation,
): Promise<void> {
  if (self.rescues.length === 0) return
  const words = self.rescues.map(toWords)
  for (const message of words) await outbox.add({ kind: 'agent', code: 'agent/rescued', message })
  if (journal.state.change) return
  const why = `the rescuer ${words.join('; ')}`.slice(0, 900)
  await journal.append({ type: 'found', generation: current.number, why })
  await self.files.forgetRescues()
}

function toWords(rescue: Rescue): string {
  const { kind, from, to, starts } = rescue
  if (rescue.kind === 'agent' && rescue.isChanged) {
    const why = 'whose file is not what it was'
    if (from === to) return `started agent ${from}, ${why}: there is no other`
    return `went back from agent ${from}, ${why}, to ${to}`
  }
  return `went back from ${kind} ${from} to ${to} after ${starts} starts that did not become healthy`
}
