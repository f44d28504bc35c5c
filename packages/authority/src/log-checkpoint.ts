import { fromHex, toBase64, toUtf8 } from '@steadfleet/base'
import {
  type Checkpoint,
  cosignatureMessage,
  type LogProof,
  type NoteKey,
  type NoteKeyType,
  noteKeyTypes,
  parseNote,
  toNoteKey,
} from '@steadfleet/trust'
import { rawPublicKey, type Signer } from './signer.ts'

/** The text of a checkpoint: what the log signs and witnesses cosign. C2SP tlog-checkpoint */
export function toCheckpointText(checkpoint: Omit<Checkpoint, 'extensions'>): string {
  const { origin, size, root } = checkpoint
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** A checkpoint's note, signed by the log; its origin is the log's key name. */
export async function signCheckpoint(
  checkpoint: Omit<Checkpoint, 'extensions'>,
  signer: Signer,
): Promise<string> {
  const text = toCheckpointText(checkpoint)
  const key = noteKeyOf(checkpoint.origin, 'ed25519', signer)
  return `${text}\n${toSignatureLine(key, await signer.sign(toUtf8(text)))}`
}

/** A witness's line for a checkpoint's note, at `now`. C2SP tlog-cosignature */
export async function cosignCheckpoint(
  note: string,
  name: string,
  signer: Signer,
  now: Date,
): Promise<string> {
  const seconds = BigInt(Math.floor(now.getTime() / 1000))
  const signature = await signer.sign(cosignatureMessage(seconds, parseNote(note).text))
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(seconds)
  const key = noteKeyOf(name, 'cosignature', signer)
  return toSignatureLine(key, Buffer.concat([time, signature]))
}

/** The key of a signer under a name, for a policy or a witness's configuration. */
export function noteKeyOf(name: string, type: NoteKeyType, signer: Pick<Signer, 'key'>): NoteKey {
  return toNoteKey(name, type, rawPublicKey(signer))
}

/** Writes a verifier key, `NAME+ID+BASE64`: the one spelling that `parseNoteKey` reads. */
export function toNoteKeyText({ name, keyId, type, raw }: NoteKey): string {
  return `${name}+${keyId}+${toBase64(new Uint8Array([noteKeyTypes[type], ...raw]))}`
}

/** Writes a proof; what ties it to the tree that its reader holds stands in the `extra` line. */
export function toLogProofText({ index, hashes, checkpoint, consistency }: LogProof): string {
  const extra = consistency.length > 0 ? [`extra ${toBase64(Buffer.concat(consistency))}`] : []
  const lines = ['c2sp.org/tlog-proof@v1', ...extra, `index ${index}`, ...hashes.map(toBase64)]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/** Writes one line `— NAME BASE64`, with its newline. C2SP signed-note §"Signatures" */
function toSignatureLine({ name, keyId }: NoteKey, signature: Uint8Array): string {
  return `— ${name} ${toBase64(Buffer.concat([fromHex(keyId), signature]))}\n`
}
