import type { NewEvent } from './outbox.ts'
import { scrubText } from './scrub.ts'
import { tailOf } from './tail.ts'

/** Only these repeat what an app or its hooks said; the words of the others are the agent's own. */
const mayRepeat: ReadonlySet<NewEvent['kind']> = new Set(['failure', 'change', 'app'])

/** A server takes no longer ones, and what stands for a secret may be longer than it. */
const longestMessage = 1000

/** The event as it may be written down and sent: every text in it is scrubbed by rule. */
export function withoutSecrets(event: NewEvent): NewEvent {
  if (!mayRepeat.has(event.kind)) return event
  const { message, details, failure } = event
  return {
    ...event,
    message: scrubText(message).slice(0, longestMessage),
    ...(details && { details: cleanDetails(details) }),
    ...(failure && {
      failure: {
        ...failure,
        reason: scrubText(failure.reason).slice(0, longestMessage),
        log: tailOf(failure.log),
        ...(failure.journal && { journal: failure.journal.map(cleanLine) }),
      },
    }),
  }
}

function cleanLine(line: string): string {
  return scrubText(line).slice(0, 300)
}

function cleanDetails(details: NonNullable<NewEvent['details']>): NonNullable<NewEvent['details']> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' ? scrubText(value) : value,
    ]),
  )
}
