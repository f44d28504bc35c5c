import { toBase64 } from '@steadfleet/base'
import {
  type LogPolicy,
  type LogProof,
  type NoteKey,
  parseSignatureLine,
  type SignedCheckpoint,
  TrustError,
} from '@steadfleet/trust'

/** Refusals in which two notes disagree, and the log has signed both. */
const ofTwoNotes: readonly string[] = ['trust/log-fork', 'trust/log-rollback']
/** A note may carry lines of extensions; of one that is longer than this only size and root are told. */
const longestTold = 16 * 1024

/**
 * The refusal of a log that disagrees with what was seen of it, with both notes and the history that was
 * claimed between them: whoever knows the log's key can judge it without this device.
 * docs/formats/log.md §Evidence of a fork
 */
export function withNotes(
  error: unknown,
  policy: LogPolicy,
  held: SignedCheckpoint | undefined,
  { checkpoint, consistency }: LogProof,
): unknown {
  if (held === undefined || !(error instanceof TrustError)) return error
  if (!ofTwoNotes.includes(error.code)) return error
  const notes = [held.note, checkpoint].map(note => withoutStrangers(policy, note))
  if (notes.some(note => note.length > longestTold)) return error
  const [heldNote = '', offeredNote = ''] = notes
  const facts = { heldNote, offeredNote, consistency: consistency.map(toBase64) }
  const details = { ...error.details, ...facts }
  return new TrustError(error.code, error.message, details, { cause: error })
}

/** Lines of keys that the policy does not name could be as many as an attacker likes. */
function withoutStrangers({ key, witnesses }: LogPolicy, note: string): string {
  const end = note.lastIndexOf('\n\n') + 2
  const lines = note.slice(end, -1).split('\n')
  const known = lines.filter(line => [key, ...witnesses].some(one => isLineOf(one, line)))
  return `${note.slice(0, end)}${[...new Set(known)].join('\n')}\n`
}

function isLineOf({ name, keyId }: NoteKey, line: string): boolean {
  const read = parseSignatureLine(line)
  return read.name === name && read.keyId === keyId
}
