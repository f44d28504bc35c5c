import { AuthorityError } from './error.ts'

/** Where the files of a log are: written whole, read whole, by their path below the log's prefix. */
export interface TileStore {
  read(path: string): Promise<Uint8Array | undefined>
  /** Resolves when the file will outlive a crash. */
  write(path: string, content: Uint8Array): Promise<void>
}

/** How many hashes, or entries, a full tile holds. C2SP tlog-tiles §"Merkle Tree" */
export const tileWidth = 256

/** The path of a tile of hashes; narrower than {@link tileWidth}, it is partial. */
export function tilePath(level: number, index: number, width: number = tileWidth): string {
  return `tile/${level}/${indexPath(index)}${partialSuffix(width)}`
}

/** The path of a bundle of entries. C2SP tlog-tiles §"Log entries" */
export function entriesPath(index: number, width: number = tileWidth): string {
  return `tile/entries/${indexPath(index)}${partialSuffix(width)}`
}

/** Entries as a bundle: each after its length in two bytes, big-endian. */
export function toEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(entries.flatMap(entry => [lengthOf(entry), entry])))
}

/** The entries of a bundle. */
export function parseEntryBundle(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let at = 0; at < bundle.length; ) {
    const start = at + 2
    at = start + (bundle[at] ?? 0) * 256 + (bundle[at + 1] ?? 0)
    if (start > bundle.length || at > bundle.length) {
      throw new AuthorityError('authority/log', 'cannot read entries: the bundle is cut short')
    }
    entries.push(bundle.slice(start, at))
  }
  return entries
}

/** How many hashes the tiles of one level hold together, for a tree of this size. */
export function hashesAt(level: number, size: number): number {
  return Math.floor(size / tileWidth ** level)
}

function indexPath(index: number): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? []
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
}

function partialSuffix(width: number): string {
  return width === tileWidth ? '' : `.p/${width}`
}

function lengthOf(entry: Uint8Array): Uint8Array {
  if (entry.length > 0xffff) {
    const message = `cannot log an entry of ${entry.length} bytes: 65535 at most`
    throw new AuthorityError('authority/log', message)
  }
  return new Uint8Array([entry.length >> 8, entry.length & 0xff])
}
