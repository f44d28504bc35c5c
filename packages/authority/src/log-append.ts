import { leafHash, type TreeHead } from '@steadfleet/trust'
import { AuthorityError } from './error.ts'
import {
  entriesPath,
  hashesAt,
  parseEntryBundle,
  type TileStore,
  tilePath,
  tileWidth,
  toEntryBundle,
} from './log-tiles.ts'
import { foldHashes, openTree, readTile } from './log-tree.ts'

/**
 * Appends leaves behind the first `size` and yields the new tree. What was written for leaves that no
 * checkpoint covers yet is overwritten: until a checkpoint is signed, nothing is in the log. Every
 * file is on the disk when this resolves, so that the checkpoint can be signed next.
 */
export async function appendLeaves(
  store: TileStore,
  size: number,
  leaves: readonly Uint8Array[],
): Promise<TreeHead> {
  if (leaves.length === 0) throw new AuthorityError('authority/log', 'cannot append no leaf')
  await appendEntries(store, size, leaves)
  await appendHashes(store, 0, size, leaves.map(leafHash))
  return openTree(store, size + leaves.length).head()
}

/** The leaves from `begin` up to `end`, in a log that has at least `size`. */
export async function readLeaves(
  store: TileStore,
  size: number,
  [begin, end]: readonly [begin: number, end: number],
): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = []
  for (let index = Math.floor(begin / tileWidth); index * tileWidth < end; index++) {
    const first = index * tileWidth
    const bundle = await readEntries(store, index, Math.min(tileWidth, size - first))
    leaves.push(...bundle.slice(Math.max(begin - first, 0), end - first))
  }
  return leaves
}

async function appendEntries(
  store: TileStore,
  size: number,
  leaves: readonly Uint8Array[],
): Promise<void> {
  const [first, held] = tailOf(size)
  const entries = held === 0 ? [] : await readEntries(store, first, held)
  for (const [i, tile] of chunks([...entries, ...leaves]).entries()) {
    await store.write(entriesPath(first + i, tile.length), toEntryBundle(tile))
  }
}

/** Appends hashes to a level and, for each tile that is full now, its root to the level above. */
async function appendHashes(
  store: TileStore,
  level: number,
  size: number,
  added: readonly Uint8Array[],
): Promise<void> {
  const [first, held] = tailOf(hashesAt(level, size))
  const tail = held === 0 ? [] : splitHashes(await readTile(store, level, first, held))
  const full: Uint8Array[] = []
  for (const [i, tile] of chunks([...tail, ...added]).entries()) {
    const content = new Uint8Array(Buffer.concat(tile))
    await store.write(tilePath(level, first + i, tile.length), content)
    if (tile.length === tileWidth) full.push(foldHashes(content))
  }
  if (full.length > 0) await appendHashes(store, level + 1, size, full)
}

async function readEntries(store: TileStore, index: number, width: number): Promise<Uint8Array[]> {
  const path = entriesPath(index, width)
  const bundle = (await store.read(path)) ?? (await store.read(entriesPath(index)))
  const entries = bundle === undefined ? [] : parseEntryBundle(bundle)
  if (entries.length >= width) return entries.slice(0, width)
  throw new AuthorityError('authority/log', `cannot read ${path}: entries are missing`, { path })
}

/** The tile that the next hash of a level goes to, and how many it holds already. */
function tailOf(count: number): [index: number, held: number] {
  return [Math.floor(count / tileWidth), count % tileWidth]
}

function chunks<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / tileWidth)
  return Array.from({ length: count }, (_, i) => items.slice(i * tileWidth, (i + 1) * tileWidth))
}

function splitHashes(tile: Uint8Array): Uint8Array[] {
  return Array.from({ length: tile.length / 32 }, (_, i) => tile.slice(i * 32, i * 32 + 32))
}
