import { createHash } from 'node:crypto'
import { fromBase64, toHex, toUtf8 } from '@steadfleet/base'
import { refuseWeakKey } from './ed25519.ts'
import { orMalformed } from './envelope.ts'
import { TrustError } from './error.ts'

/** A text, and lines that claim to sign it; none of them is verified yet. C2SP signed-note */
export interface Note {
  /** With its last newline, which is signed too. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export interface NoteSignature {
  readonly name: string
  /** Four bytes in hexadecimal. */
  readonly keyId: string
  readonly bytes: Uint8Array
}

/** A key of a note: known by its name and id together, and by what its signatures mean. */
export interface NoteKey {
  readonly name: string
  readonly keyId: string
  readonly type: NoteKeyType
  readonly raw: Uint8Array
}

/**
 * Signature types by the byte that stands for each. Lines of any other type are kept and skipped, so
 * that ML-DSA-44 (0x06) is one more row here and in `log-signature.ts`. C2SP signed-note §"Signature types"
 */
export const noteKeyTypes = { ed25519: 0x01, cosignature: 0x04 } as const
export type NoteKeyType = keyof typeof noteKeyTypes

/** Twenty signatures by ML-DSA-44 fit in; sixteen must. C2SP signed-note §"Format" */
const longestNote = 80 * 1024

/** Reads a note; lines of keys that nobody here knows are kept. C2SP signed-note §"Format" */
export function parseNote(note: string): Note {
  if (note.length > longestNote) refuse('note', `longer than ${longestNote}`)
  if (!note.isWellFormed() || /[\0-\x09\x0b-\x1f]/.test(note)) refuse('note', 'no plain text')
  const end = note.lastIndexOf('\n\n')
  if (end < 1 || !note.endsWith('\n')) refuse('note', 'not a text, a blank line and signatures')
  const lines = note.slice(end + 2, -1).split('\n')
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignatureLine) }
}

/** Reads one line `— NAME BASE64`. */
export function parseSignatureLine(line: string): NoteSignature {
  const [, name = '', base64 = ''] = /^\u2014 ([^\s\x85+]+) (\S+)$/u.exec(line) ?? []
  const bytes = orMalformed('signature line', () => fromBase64(base64))
  if (bytes.length < 5) refuse('signature line', 'not a name, a key id and a signature')
  return { name, keyId: toHex(bytes.slice(0, 4)), bytes: bytes.slice(4) }
}

/** The key of these bytes under this name. C2SP signed-note §"Signatures" */
export function toNoteKey(name: string, type: NoteKeyType, raw: Uint8Array): NoteKey {
  if (!/^[^\s\x85+\0-\x1f]+$/u.test(name))
    refuse('note key', 'its name has spaces, a plus sign or none')
  refuseWeakKey(raw)
  const typed = new Uint8Array([noteKeyTypes[type], ...raw])
  const hash = createHash('sha256')
    .update(toUtf8(`${name}\n`))
    .update(typed)
    .digest()
  return { name, keyId: toHex(hash.subarray(0, 4)), type, raw }
}

/** Reads a verifier key: `NAME+ID+BASE64`, the type's byte and the key in the last part. */
export function parseNoteKey(text: string): NoteKey {
  const [, name = '', keyId, base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? []
  const [byte, ...raw] = orMalformed('note key', () => fromBase64(base64))
  const type = typeOf(byte) ?? refuse('note key', 'not of a type known here')
  const key = toNoteKey(name, type, Uint8Array.from(raw))
  return key.keyId === keyId ? key : refuse('note key', 'not under its own id')
}

function typeOf(byte: number | undefined): NoteKeyType | undefined {
  const found = Object.entries(noteKeyTypes).find(([, known]) => known === byte)
  return found?.[0] as NoteKeyType | undefined
}

function refuse(what: string, fact: string): never {
  throw new TrustError('trust/malformed', `cannot read ${what}: ${fact}`, { what })
}
