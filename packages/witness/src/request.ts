import { BytesError, fromBase64 } from '@steadfleet/base'
import {
  type Checkpoint,
  type Note,
  parseCheckpoint,
  parseNote,
  parseSize,
} from '@steadfleet/trust'
import { WitnessError } from './error.ts'

/** What a log asks: to cosign its checkpoint, which continues the tree of size `old`. */
export interface AddCheckpoint {
  readonly old: number
  readonly proof: readonly Uint8Array[]
  readonly text: string
  readonly note: Note
  readonly checkpoint: Checkpoint
}

/** Reads the body of an add-checkpoint request; nothing in it is verified yet. C2SP tlog-witness */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const end = body.indexOf('\n\n')
  const [first = '', ...lines] = body.slice(0, Math.max(end, 0)).split('\n')
  if (!first.startsWith('old ')) throw malformed('its first line is not the old size')
  if (lines.length > 63) throw malformed('its proof has over 63 hashes')
  const text = body.slice(end + 2)
  const note = parseNote(text)
  const checkpoint = parseCheckpoint(note.text)
  const old = parseSize(first.slice('old '.length), 'old size')
  return { old, proof: lines.map(parseHash), text, note, checkpoint }
}

function parseHash(line: string): Uint8Array {
  try {
    const hash = fromBase64(line)
    if (hash.length === 32) return hash
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
  }
  throw malformed('a line of its proof is no hash')
}

function malformed(fact: string): WitnessError {
  return new WitnessError('witness/malformed', `cannot read request: ${fact}`)
}
