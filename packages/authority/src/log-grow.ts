import { fromUtf8, toBase64, toUtf8 } from '@steadfleet/base'
import {
  type NoteKey,
  openCheckpoint,
  parseCheckpoint,
  type SignedCheckpoint,
} from '@steadfleet/trust'
import { appendLeaves } from './log-append.ts'
import { noteKeyOf, signCheckpoint, toCheckpointText } from './log-checkpoint.ts'
import { proveOneHistory } from './log-prove.ts'
import type { TileStore } from './log-tiles.ts'
import type { Signer } from './signer.ts'

/** A log as its keeper has it: where its files are, and who signs under its origin. */
export interface LogKeeper {
  readonly store: TileStore
  readonly origin: string
  readonly signer: Signer
}

/** Newest that the log has signed; it may not have been witnessed yet, and is not for readers. */
const signedPath = 'signed'

/** The text of a checkpoint that is about to be signed; its tree is on the disk already. */
const nextPath = 'next'

/** Newest that readers are given. C2SP tlog-tiles §"Checkpoints" */
const publishedPath = 'checkpoint'

/** The newest checkpoint that the log has signed, or undefined for a log that has none. */
export async function readNewest(keeper: LogKeeper): Promise<SignedCheckpoint | undefined> {
  const note = await keeper.store.read(signedPath)
  const key = noteKeyOf(keeper.origin, 'ed25519', keeper.signer)
  return note === undefined ? undefined : openCheckpoint(key, fromUtf8(note))
}

/** The newest checkpoint that readers are given, or undefined where they were given none. */
export async function readPublished(
  store: TileStore,
  key: NoteKey,
): Promise<SignedCheckpoint | undefined> {
  const note = await store.read(publishedPath)
  return note === undefined ? undefined : openCheckpoint(key, fromUtf8(note))
}

/**
 * Appends leaves and signs the new tree; the first leaf's index is the size before. The checkpoint is
 * kept before anyone sees it, so that no crash makes the log sign another tree of that size. One call
 * after the other: two at once would both begin at the same size.
 */
export async function growLog(
  keeper: LogKeeper,
  leaves: readonly Uint8Array[],
): Promise<{ readonly first: number; readonly note: string }> {
  const { store, origin } = keeper
  const first = (await finishGrowth(keeper))?.size ?? 0
  const text = toCheckpointText({ origin, ...(await appendLeaves(store, first, leaves)) })
  await store.write(nextPath, toUtf8(text))
  return { first, note: (await signNext(keeper, text)).note }
}

/**
 * The newest checkpoint, after signing the tree that a crash came before the signature of: whoever
 * may have signed it already is asked for no other tree of that size.
 */
export async function finishGrowth(keeper: LogKeeper): Promise<SignedCheckpoint | undefined> {
  const newest = await readNewest(keeper)
  const next = await keeper.store.read(nextPath)
  if (next === undefined) return newest
  const text = fromUtf8(next)
  return parseCheckpoint(text).size > (newest?.size ?? 0) ? signNext(keeper, text) : newest
}

async function signNext({ store, signer }: LogKeeper, text: string): Promise<SignedCheckpoint> {
  const checkpoint = parseCheckpoint(text)
  const note = await signCheckpoint(checkpoint, signer)
  await store.write(signedPath, toUtf8(note))
  return { ...checkpoint, note }
}

/** Gives readers a checkpoint, with the lines that witnesses answered. */
export async function publishCheckpoint(
  store: TileStore,
  note: string,
  lines: readonly string[],
): Promise<string> {
  const witnessed = note + lines.join('')
  await store.write(publishedPath, toUtf8(witnessed))
  return witnessed
}

/** What a log asks of a witness that cosigned its tree of size `old` last. C2SP tlog-witness */
export async function toAddCheckpoint(
  { store, origin, signer }: LogKeeper,
  note: string,
  old: number,
): Promise<string> {
  const { size } = openCheckpoint(noteKeyOf(origin, 'ed25519', signer), note)
  const proof = await proveOneHistory(store, old, size)
  return `${[`old ${old}`, ...proof.map(toBase64)].join('\n')}\n\n${note}`
}
