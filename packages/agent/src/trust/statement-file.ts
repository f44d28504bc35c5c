import { join } from 'node:path'
import { equalBytes, toCanonical } from '@steadfleet/base'
import { type Envelope, parseEnvelopeBytes } from '@steadfleet/trust'
import { type Copies, copiesOf, type Kept, readCopies, writeCopies } from '../disk/copies.ts'

/** A statement that was taken, and the envelope that it came in. */
export interface Taken<T> {
  readonly statement: T
  readonly envelope: Envelope
}

/** The owner's statements and orders, each by the name of its file. */
export type StatementName = 'owner-root.json' | 'policy.json' | 'order.json'

/**
 * Puts a statement in force, in two copies. The one that was in force before is kept one generation
 * back, where it is whole before the first copy of the new one is written.
 */
export async function writeStatement(
  folder: string,
  name: StatementName,
  envelope: Uint8Array | Envelope,
  before?: Envelope,
): Promise<void> {
  const bytes = envelope instanceof Uint8Array ? envelope : toCanonical(envelope)
  const held = before && toCanonical(before)
  if (held && !equalBytes(held, bytes)) await writeCopies(earlier(folder, name), held)
  await writeCopies(newest(folder, name), bytes)
}

/**
 * The statement in force; where both of its copies are torn, the one before it. Whoever asks for it holds
 * it against the floors: it counts where none forbids it, and else is what the newer one is fetched from.
 */
export async function readStatement<T>(
  folder: string,
  name: StatementName,
  reopen: (envelope: Envelope) => T,
  rank: (statement: T) => number,
): Promise<Kept<Taken<T>>> {
  const take = (body: Uint8Array): Taken<T> => {
    const envelope = parseEnvelopeBytes(body)
    return { statement: reopen(envelope), envelope }
  }
  const found = await readCopies(newest(folder, name), take, ({ statement }) => rank(statement))
  if (found.value) return found
  const { value, torn } = await readCopies(earlier(folder, name), take)
  return { value, torn: [...found.torn, ...torn] }
}

/** The statement that was in force before this one, where it is kept. */
export async function readEarlier<T>(
  folder: string,
  name: StatementName,
  reopen: (envelope: Envelope) => T,
): Promise<Taken<T> | undefined> {
  const { value } = await readCopies(earlier(folder, name), body => {
    const envelope = parseEnvelopeBytes(body)
    return { statement: reopen(envelope), envelope }
  })
  return value
}

function newest(folder: string, name: StatementName): Copies {
  return copiesOf(join(folder, name), 2)
}

function earlier(folder: string, name: StatementName): Copies {
  return copiesOf(join(folder, `${name}.before`), 1)
}
