import { readLeaves, type TileStore } from '@steadfleet/authority'
import { toHex } from '@steadfleet/base'
import { leafHash } from '@steadfleet/trust'

/** Where each leaf of the log stands, by its hash; read from the log's own files. */
export interface LeafIndex {
  readonly size: () => number
  indexOf(hash: string): number | undefined
  /** Reads on to the tree of this size. */
  readTo(size: number): Promise<void>
}

export function openLeafIndex(store: TileStore): LeafIndex {
  const indices = new Map<string, number>()
  let read = 0
  return {
    size: () => read,
    indexOf: hash => indices.get(hash),
    async readTo(size) {
      if (size <= read) return
      const leaves = await readLeaves(store, size, [read, size])
      for (const [i, leaf] of leaves.entries()) {
        const hash = toHex(leafHash(leaf))
        // The first place of a leaf that stands twice: it is in every tree that the second is in.
        if (!indices.has(hash)) indices.set(hash, read + i)
      }
      read = size
    },
  }
}
