import { toUtf8 } from '@steadfleet/base'
import { appendLeaves } from '../log-append.ts'
import { cosignCheckpoint, noteKeyOf, signCheckpoint, toNoteKeyText } from '../log-checkpoint.ts'
import { proveLogged } from '../log-prove.ts'
import type { TileStore } from '../log-tiles.ts'
import { pretendSigner } from './pretend-store.ts'

/** Where pretend logs say they are. */
export const pretendOrigin = 'log.example/greenhouse'

/** A tile store in memory; its files are there to be looked at, or lost. */
export function pretendTiles(files: Map<string, Uint8Array> = new Map()): TileStore & {
  readonly files: Map<string, Uint8Array>
} {
  return {
    files,
    read: async path => files.get(path),
    write: async (path, content) => void files.set(path, content),
  }
}

/** A log of `size` leaves `leaf 0`, `leaf 1`, …, of which `changed` may say otherwise. */
export async function pretendLog(size: number, changed: Readonly<Record<number, string>> = {}) {
  const store = pretendTiles()
  const texts = Array.from({ length: size }, (_, i) => changed[i] ?? `leaf ${i}`)
  const { root } = await appendLeaves(store, 0, texts.map(toUtf8))
  return {
    store,
    checkpointBy: (name: string, origin = pretendOrigin) =>
      signCheckpoint({ origin, size, root }, pretendSigner(name)),
    prove: (checkpoint: string, index: number, held?: number) =>
      proveLogged(store, checkpoint, index, held),
  }
}

/** The policy of a pretend log as JSON carries it: the log's key, and witnesses by their names. */
export function pretendLogPolicy(witnesses: readonly string[], quorum: number) {
  return {
    key: toNoteKeyText(noteKeyOf(pretendOrigin, 'ed25519', pretendSigner('log'))),
    witnesses: witnesses.map(name =>
      toNoteKeyText(noteKeyOf(`${name}.example`, 'cosignature', pretendSigner(name))),
    ),
    quorum,
  }
}

/** The note with a line by each of these witnesses. */
export async function pretendCosigned(note: string, witnesses: readonly string[]): Promise<string> {
  const now = new Date('2026-11-21T00:00:00Z')
  const lines = await Promise.all(
    witnesses.map(name => cosignCheckpoint(note, `${name}.example`, pretendSigner(name), now)),
  )
  return note + lines.join('')
}
