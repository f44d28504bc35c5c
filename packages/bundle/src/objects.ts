import { type Digest, digestOf } from '@steadfleet/base'
import type { ObjectRef } from '@steadfleet/domain'
import { type TreeListing, toTreeBytes } from './tree.ts'

/** An object of a tree: the content of at least one of its files. */
export interface TreeObject {
  readonly digest: Digest
  readonly size: number
}

/** The distinct objects of a tree, in the order in which its paths first need them. */
export function objectsOf(listing: TreeListing): TreeObject[] {
  const seen = new Set<Digest>()
  return listing.entries.flatMap(entry => {
    if (entry.kind !== 'file' || seen.has(entry.digest)) return []
    seen.add(entry.digest)
    return [{ digest: entry.digest, size: entry.size }]
  })
}

/** The objects that `tree` needs and `base` does not hold. Without a base, all of them. */
export function missingFrom(tree: TreeListing, base?: TreeListing): TreeObject[] {
  const held = new Set(base ? objectsOf(base).map(({ digest }) => digest) : [])
  return objectsOf(tree).filter(({ digest }) => !held.has(digest))
}

/**
 * What a bundle of a tree holds, in order: the tree's own listing, then the objects that `base`
 * lacks. The listing comes first, so that a reader can tell which objects it must have before them.
 */
export function contentsOf(tree: TreeListing, base?: TreeListing): ObjectRef[] {
  const listing = toTreeBytes(tree)
  const own = { digest: digestOf(listing), length: listing.length }
  return [own, ...missingFrom(tree, base).map(({ digest, size }) => ({ digest, length: size }))]
}

/** Bytes of all files of a tree, a file that stands twice counted twice. */
export function sizeOf(tree: TreeListing): number {
  return tree.entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0)
}
