import { nodeHash, type TreeHead } from '@steadfleet/trust'
import { AuthorityError } from './error.ts'
import { hashesAt, type TileStore, tilePath, tileWidth } from './log-tiles.ts'

/** A tree of one size, read from the tiles of its log; each tile is read once. */
export interface LogTree {
  readonly size: number
  head(): Promise<TreeHead>
  /** From the leaf's sibling up. RFC 6962 §2.1.1 */
  proveInclusion(index: number): Promise<Uint8Array[]>
  /** That this tree continues the one of its first `older` leaves. RFC 6962 §2.1.2 */
  proveConsistency(older: number): Promise<Uint8Array[]>
}

/** Opens the tree of the first `size` leaves, one at least. */
export function openTree(store: TileStore, size: number): LogTree {
  if (!Number.isSafeInteger(size) || size < 1) throw outside('a tree of size', size)
  const hashes = openHashes(store, size)
  return {
    size,
    head: async () => ({ size, root: await rangeHash(hashes, 0, size) }),
    async proveInclusion(index) {
      if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw outside('leaf', index)
      return inclusion(hashes, index, 0, size)
    },
    async proveConsistency(older) {
      if (!Number.isSafeInteger(older) || older < 1 || older > size) throw outside('size', older)
      return older === size ? [] : consistency(hashes, older, 0, size, true)
    },
  }
}

/** The hash of a whole subtree: 2^height leaves, the `index`-th of that height. */
type SubtreeHash = (height: number, index: number) => Promise<Uint8Array>

/** The hash over leaves `begin` to `end`, which the tree splits as RFC 6962 §2.1 says. */
async function rangeHash(hashes: SubtreeHash, begin: number, end: number): Promise<Uint8Array> {
  const width = end - begin
  const half = splitOf(width)
  if (half * 2 === width || width === 1) return hashes(Math.log2(width), begin / width)
  const [left, right] = await Promise.all([
    rangeHash(hashes, begin, begin + half),
    rangeHash(hashes, begin + half, end),
  ])
  return nodeHash(left, right)
}

async function inclusion(
  hashes: SubtreeHash,
  index: number,
  begin: number,
  end: number,
): Promise<Uint8Array[]> {
  if (end - begin === 1) return []
  const middle = begin + splitOf(end - begin)
  return index < middle
    ? [...(await inclusion(hashes, index, begin, middle)), await rangeHash(hashes, middle, end)]
    : [...(await inclusion(hashes, index, middle, end)), await rangeHash(hashes, begin, middle)]
}

/** SUBPROOF of RFC 6962 §2.1.2; `isRoot` while the verifier knows the older tree's own root here. */
async function consistency(
  hashes: SubtreeHash,
  older: number,
  begin: number,
  end: number,
  isRoot: boolean,
): Promise<Uint8Array[]> {
  if (older === end) return isRoot ? [] : [await rangeHash(hashes, begin, end)]
  const middle = begin + splitOf(end - begin)
  if (older <= middle) {
    const below = await consistency(hashes, older, begin, middle, isRoot)
    return [...below, await rangeHash(hashes, middle, end)]
  }
  const below = await consistency(hashes, older, middle, end, false)
  return [...below, await rangeHash(hashes, begin, middle)]
}

/** The largest power of two below `width`; 1 for 1. */
function splitOf(width: number): number {
  let half = 1
  while (half * 2 < width) half *= 2
  return half
}

function openHashes(store: TileStore, size: number): SubtreeHash {
  const tiles = new Map<string, Promise<Uint8Array>>()
  const read = (level: number, index: number): Promise<Uint8Array> => {
    const width = Math.min(tileWidth, hashesAt(level, size) - index * tileWidth)
    const path = tilePath(level, index, width)
    const tile = tiles.get(path) ?? readTile(store, level, index, width)
    tiles.set(path, tile)
    return tile
  }
  return async (height, index) => {
    const level = Math.floor(height / 8)
    const width = 2 ** (height % 8)
    const first = index * width
    const tile = await read(level, Math.floor(first / tileWidth))
    const from = (first % tileWidth) * 32
    return foldHashes(tile.subarray(from, from + width * 32))
  }
}

/** A partial tile may be gone once the full one is there. C2SP tlog-tiles §"Partial Tiles" */
export async function readTile(
  store: TileStore,
  level: number,
  index: number,
  width: number,
): Promise<Uint8Array> {
  const path = tilePath(level, index, width)
  const tile = (await store.read(path)) ?? (await store.read(tilePath(level, index)))
  if (tile !== undefined && tile.length >= width * 32) return tile.slice(0, width * 32)
  const fact = tile === undefined ? 'it is not there' : 'it is cut short'
  throw new AuthorityError('authority/log', `cannot read ${path}: ${fact}`, { path })
}

/** The root over a power of two of hashes, one behind the other. */
export function foldHashes(hashes: Uint8Array): Uint8Array {
  if (hashes.length === 32) return hashes.slice()
  const half = hashes.length / 2
  return nodeHash(foldHashes(hashes.subarray(0, half)), foldHashes(hashes.subarray(half)))
}

function outside(what: string, number: number): AuthorityError {
  return new AuthorityError('authority/log', `cannot prove ${what} ${number}: outside the log`)
}
