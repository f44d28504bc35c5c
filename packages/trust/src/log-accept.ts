import { type Digest, digestOf, equalBytes, toCanonical, toHex } from '@steadfleet/base'
import { TrustError } from './error.ts'
import { type Checkpoint, parseCheckpoint } from './log-checkpoint.ts'
import { isConsistent, isIncluded, leafHash } from './log-merkle.ts'
import { type Note, type NoteKey, type NoteKeyType, parseNote, parseNoteKey } from './log-note.ts'
import type { LogProof } from './log-proof.ts'
import { isNoteSignedBy } from './log-signature.ts'
import { count, list, optional, record, type Shape, type Shaped, text } from './shape.ts'

/** A log that counts: its key, whose name is the log's origin, its witnesses, and how many must agree. */
export const logPolicy = record({
  key: keyOf('ed25519'),
  witnesses: list(keyOf('cosignature')),
  quorum: count,
})
export type LogPolicy = Shaped<typeof logPolicy>

const choice = record({ quorum: count, key: optional(text), witnesses: optional(list(text)) })
/** What an owner says of the log, as it is signed: a log policy or, in so many words, none. */
export type LogChoice = Shaped<typeof choice>
export const logChoice: Shape<LogChoice> = (value, at) => {
  const read = choice(value, at)
  chosenLog(read)
  return read
}

/** The log that counts; undefined where the owner chose none: a quorum of 0, and nothing else. */
export function chosenLog({ quorum, key, witnesses }: LogChoice): LogPolicy | undefined {
  if (quorum === 0 && key === undefined && witnesses === undefined) return undefined
  return logPolicy({ quorum, key: key ?? '', witnesses: witnesses ?? [] }, 'log')
}

/** How an enrolment token names what was chosen: by its digest, or as `none`. */
export function logDigest(chosen: LogChoice): Digest | 'none' {
  return chosenLog(chosen) === undefined ? 'none' : digestOf(toCanonical({ ...chosen }))
}

/** A checkpoint that the log has signed, and the note it came in: what a verifier keeps of each log. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string
}

/**
 * Accepts a leaf that the log holds, and tells which checkpoint to hold from now on: the newer of the
 * two. An older checkpoint than the held one counts too, if the proof shows that both are one log.
 */
export function acceptLogged(
  policy: LogPolicy,
  held: SignedCheckpoint | undefined,
  proof: LogProof,
  leaf: Uint8Array,
): SignedCheckpoint {
  const offered = acceptCheckpoint(policy, held, proof)
  if (!isIncluded(offered, proof.index, leafHash(leaf), proof.hashes)) {
    const message = `cannot find leaf ${proof.index} in a log of ${offered.size}`
    throw new TrustError('trust/not-logged', message, { ...placeOf(offered), index: proof.index })
  }
  return held !== undefined && held.size >= offered.size ? held : offered
}

/** Accepts a checkpoint alone: signed, cosigned by the quorum, and of one history with the held one. */
export function acceptCheckpoint(
  policy: LogPolicy,
  held: SignedCheckpoint | undefined,
  { checkpoint, consistency }: Pick<LogProof, 'checkpoint' | 'consistency'>,
): SignedCheckpoint {
  const offered = openCheckpoint(policy.key, checkpoint)
  refuseBelowQuorum(policy, parseNote(checkpoint))
  if (held !== undefined) refuseFork(held, offered, consistency)
  return offered
}

/** Reads a checkpoint that the log's key has signed; C2SP tlog-checkpoint §"Signatures". */
export function openCheckpoint(key: NoteKey, note: string): SignedCheckpoint {
  const parsed = parseNote(note)
  if (!isNoteSignedBy(parsed, key)) {
    const message = `cannot trust checkpoint: not signed by log ${key.name}`
    throw new TrustError('trust/not-logged', message, { origin: key.name })
  }
  // Parsed only after its signature holds. C2SP signed-note §"Note"
  const checkpoint = parseCheckpoint(parsed.text)
  if (checkpoint.origin === key.name) return { ...checkpoint, note }
  const message = `cannot trust checkpoint: of ${checkpoint.origin}, not ${key.name}`
  throw new TrustError('trust/not-logged', message, { origin: key.name })
}

/** How many of these witnesses cosigned, counted by public key: one key under two names is one. */
export function countWitnesses(policy: LogPolicy, note: Note): number {
  const own = policy.witnesses.filter(witness => isNoteSignedBy(note, witness))
  // The log is no witness of itself.
  const others = own.filter(({ raw }) => !equalBytes(raw, policy.key.raw))
  return new Set(others.map(({ raw }) => toHex(raw))).size
}

function refuseBelowQuorum(policy: LogPolicy, note: Note): void {
  const found = countWitnesses(policy, note)
  if (found >= policy.quorum) return
  const facts = { origin: policy.key.name, quorum: policy.quorum, found }
  const message = `cannot trust checkpoint: ${found} of ${policy.quorum} witnesses cosigned it`
  throw new TrustError('trust/witness-quorum', message, facts)
}

function refuseFork(
  held: SignedCheckpoint,
  offered: SignedCheckpoint,
  proof: readonly Uint8Array[],
): void {
  const facts = { ...placeOf(offered), held: held.size, heldRoot: toHex(held.root) }
  if (held.origin !== offered.origin) {
    const message = `cannot compare log ${offered.origin} with ${held.origin}`
    throw new TrustError('trust/mismatch', message, facts)
  }
  const isOlder = offered.size < held.size
  if (isOlder && proof.length === 0) {
    const message = `cannot accept a log of ${offered.size}: already saw ${held.size}`
    throw new TrustError('trust/log-rollback', message, facts)
  }
  const [older, newer] = isOlder ? [offered, held] : [held, offered]
  if (isConsistent(older, newer, proof)) return
  const message = `cannot accept a log of ${offered.size}: it forks from the ${held.size} seen`
  throw new TrustError('trust/log-fork', message, facts)
}

function placeOf({ origin, size, root }: Checkpoint) {
  return { origin, size, root: toHex(root) }
}

function keyOf(type: NoteKeyType): Shape<NoteKey> {
  return (value, at) => {
    const key = parseNoteKey(text(value, at))
    if (key.type === type) return key
    throw new TrustError('trust/malformed', `cannot read ${at}: no key for ${type}`, { at })
  }
}
