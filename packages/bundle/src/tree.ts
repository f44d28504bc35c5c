import {
  compareCodePoints,
  type Digest,
  digestOf,
  equalBytes,
  parseStrictJson,
  toDocument,
} from '@steadfleet/base'
import { DigestSchema, object, oneOf, parserOf, SchemaError } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { BundleError } from './error.ts'
import { refuseLeavingLink } from './links.ts'
import { parentOf, refusePath } from './path.ts'

const Path = Type.String({ minLength: 1 })
const FileMode = oneOf('644', '755', '4755', '2755', '6755')
/** How a file's mode is normalised: readable by all, executable by all or none, setuid if said so. */
export type FileMode = Static<typeof FileMode>

export const FileEntry = object({
  path: Path,
  kind: Type.Literal('file'),
  digest: DigestSchema,
  size: Type.Integer({ minimum: 0 }),
  mode: FileMode,
})
export type FileEntry = Static<typeof FileEntry>

export const TreeEntry = Type.Union([
  object({ path: Path, kind: Type.Literal('directory') }),
  FileEntry,
  object({ path: Path, kind: Type.Literal('link'), target: Type.String({ minLength: 1 }) }),
])
export type TreeEntry = Static<typeof TreeEntry>

/** All that a tree holds, sorted by path. The digest of its bytes is the tree's name. */
export const TreeListing = object({
  type: Type.Literal('tree'),
  format: Type.Literal(1),
  entries: Type.Array(TreeEntry),
})
export type TreeListing = Static<typeof TreeListing>
const parseListingValue = parserOf('tree listing', TreeListing)

/** A listing may be this long; at about 170 bytes an entry that is some 390,000 files. */
export const longestListing = 64 * 1024 * 1024

/** More files, folders and links than this no tree has: a device could not lay them out in minutes. */
export const mostEntries = 200_000

/** Reads a tree listing, and refuses whatever could not be laid out inside one folder. */
export function parseTree(bytes: Uint8Array): TreeListing {
  const listing = parseShape(bytes)
  if (!equalBytes(bytes, toDocument(listing))) {
    throw new BundleError('tree/not-canonical', 'cannot read tree listing: not its canonical form')
  }
  refuseEntries(listing.entries)
  return listing
}

/** The bytes of a listing, checked as {@link parseTree} checks them; entries are sorted first. */
export function toTreeBytes(listing: TreeListing): Uint8Array {
  const entries = listing.entries.toSorted((a, b) => compareCodePoints(a.path, b.path))
  refuseEntries(entries)
  return toDocument(parseListingValue({ ...listing, entries }))
}

/** A listing of these entries, sorted and checked. */
export function makeTree(entries: readonly TreeEntry[]): TreeListing {
  return parseTree(toTreeBytes({ type: 'tree', format: 1, entries: [...entries] }))
}

/** The digest that names a tree. */
export function digestOfTree(listing: TreeListing): Digest {
  return digestOf(toTreeBytes(listing))
}

function parseShape(bytes: Uint8Array): TreeListing {
  refuseTooMany(countEntries(bytes))
  const value = parseStrictJson(bytes, { bytes: longestListing, depth: 4 })
  try {
    return parseListingValue(value)
  } catch (cause) {
    if (!(cause instanceof SchemaError)) throw cause
    throw new BundleError('tree/malformed', cause.message, cause.details, { cause })
  }
}

/** Counted before anything is made of them. In a string the quotes of it would be escaped. */
function countEntries(bytes: Uint8Array): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const mark = '"kind":"'
  let count = 0
  for (let at = text.indexOf(mark); at >= 0 && count <= mostEntries; count += 1) {
    at = text.indexOf(mark, at + mark.length)
  }
  return count
}

function refuseTooMany(entries: number): void {
  if (entries <= mostEntries) return
  const message = `cannot take tree listing: it has more than ${mostEntries} entries`
  throw new BundleError('tree/too-many', message, { most: mostEntries })
}

function refuseEntries(entries: readonly TreeEntry[]): void {
  refuseTooMany(entries.length)
  refuseDisorder(entries)
  const directories = new Set(['', ...pathsOf(entries, 'directory')])
  const links = new Map(
    entries.flatMap(entry => (entry.kind === 'link' ? [[entry.path, entry.target] as const] : [])),
  )
  for (const { path } of entries) {
    refusePath(path)
    // A parent that is a link would let an entry be written where the link leads.
    if (directories.has(parentOf(path))) continue
    const message = `cannot take ${JSON.stringify(path)}: what holds it is no folder of the tree`
    throw new BundleError('tree/parent', message, { path })
  }
  for (const path of links.keys()) refuseLeavingLink(path, links)
  refuseTwoSizes(entries)
}

function refuseDisorder(entries: readonly TreeEntry[]): void {
  for (const [i, { path }] of entries.entries()) {
    const before = entries[i - 1]?.path
    if (before === undefined || compareCodePoints(before, path) < 0) continue
    const fact = before === path ? 'stands twice' : `stands after ${JSON.stringify(before)}`
    throw new BundleError('tree/order', `cannot take ${JSON.stringify(path)}: it ${fact}`, { path })
  }
}

function refuseTwoSizes(entries: readonly TreeEntry[]): void {
  const sizes = new Map<Digest, number>()
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    const size = sizes.get(entry.digest) ?? entry.size
    if (size !== entry.size) {
      const message = `cannot take ${JSON.stringify(entry.path)}: ${entry.digest} has two sizes`
      throw new BundleError('tree/object-size', message, { path: entry.path })
    }
    sizes.set(entry.digest, size)
  }
}

function pathsOf(entries: readonly TreeEntry[], kind: TreeEntry['kind']): string[] {
  return entries.flatMap(entry => (entry.kind === kind ? [entry.path] : []))
}
