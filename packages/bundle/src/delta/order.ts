import { compareCodePoints, type Digest } from '@steadfleet/base'
import { objectsOf, type TreeObject } from '../objects.ts'
import type { TreeListing } from '../tree.ts'
import { filesOf } from './bases.ts'

/** An object that a delta makes, with all paths of the new tree where it stands. */
export interface WantedObject extends TreeObject {
  readonly paths: readonly [string, ...string[]]
}

/**
 * The objects that a delta makes after the listing, in their order: by the ending of their first
 * path's name, then by that name, then by the path. Both sides know it, so it is not sent.
 */
export function wantedObjects(
  to: TreeListing,
  held: { has(digest: Digest): boolean },
): WantedObject[] {
  const missing = objectsOf(to).filter(({ digest }) => !held.has(digest))
  const digests = new Set(missing.map(({ digest }) => digest))
  const paths = new Map<Digest, [string, ...string[]]>()
  for (const { digest, path } of filesOf(to)) {
    const others = paths.get(digest)
    if (others) others.push(path)
    else if (digests.has(digest)) paths.set(digest, [path])
  }
  return missing
    .flatMap(wanted => {
      const all = paths.get(wanted.digest)
      return all ? [{ ...wanted, paths: all, key: keyOf(all[0]) }] : []
    })
    .sort((a, b) => compareCodePoints(a.key, b.key))
    .map(({ key: _, ...wanted }) => wanted)
}

/** NUL stands in no path, and before all that does. */
function keyOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return [endingOf(name), name, path].join('\0')
}

/** What follows the last dot of a name once trailing numbers are taken off: `so` of `libz.so.1.2`. */
function endingOf(name: string): string {
  const stem = name.replace(/(\.[0-9]+)+$/, '')
  const dot = stem.lastIndexOf('.')
  return dot > 0 ? stem.slice(dot + 1) : ''
}
