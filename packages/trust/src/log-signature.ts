import { toUtf8 } from '@steadfleet/base'
import { isSignedBy } from './ed25519.ts'
import type { Note, NoteKey, NoteKeyType } from './log-note.ts'

/** True if the key's own lines are there and every one of them holds. C2SP signed-note §"Signatures" */
export function isNoteSignedBy({ text, signatures }: Note, key: NoteKey): boolean {
  const own = signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId)
  return own.length > 0 && own.every(({ bytes }) => checks[key.type](key.raw, text, bytes))
}

/** The message of a timestamped cosignature. C2SP tlog-cosignature §"Ed25519 signed message" */
export function cosignatureMessage(seconds: bigint, text: string): Uint8Array {
  return toUtf8(`cosignature/v1\ntime ${seconds}\n${text}`)
}

type Check = (raw: Uint8Array, text: string, signature: Uint8Array) => boolean

/** How a signature of each type is checked: the table of all that count. */
const checks: Readonly<Record<NoteKeyType, Check>> = {
  ed25519: (raw, text, signature) => isSignedBy(raw, toUtf8(text), signature),
  cosignature(raw, text, bytes) {
    if (bytes.length !== 8 + 64) return false
    const seconds = Buffer.from(bytes).readBigUInt64BE()
    // "It MUST NOT exceed 2^63 - 1." §"Format"
    return seconds < 2n ** 63n && isSignedBy(raw, cosignatureMessage(seconds, text), bytes.slice(8))
  },
}
