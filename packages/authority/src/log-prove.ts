import { type LogProof, parseCheckpoint, parseNote } from '@steadfleet/trust'
import type { TileStore } from './log-tiles.ts'
import { openTree } from './log-tree.ts'

/**
 * The proof that leaf `index` is in the log of a checkpoint, for a reader that holds a tree of `held`
 * leaves, or none. A reader that holds more than the checkpoint covers is shown that both are one log,
 * if the tiles reach that far.
 */
export async function proveLogged(
  store: TileStore,
  checkpoint: string,
  index: number,
  held = 0,
): Promise<LogProof> {
  const { size } = parseCheckpoint(parseNote(checkpoint).text)
  const hashes = await openTree(store, size).proveInclusion(index)
  const consistency = await proveOneHistory(store, size, held)
  return { index, hashes, checkpoint, consistency }
}

/** The consistency proof between two sizes of one log, in either order; none from an empty one. */
export async function proveOneHistory(
  store: TileStore,
  one: number,
  other: number,
): Promise<Uint8Array[]> {
  const [older, newer] = [Math.min(one, other), Math.max(one, other)]
  return older === 0 || older === newer ? [] : openTree(store, newer).proveConsistency(older)
}
