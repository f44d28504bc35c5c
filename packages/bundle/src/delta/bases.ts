import type { Digest } from '@steadfleet/base'
import { objectsOf } from '../objects.ts'
import type { FileEntry, TreeListing } from '../tree.ts'
import { likeness, type Sketch } from './sketch.ts'

/** Sketches are asked for where names do not decide. */
export type SketchOf = (digest: Digest) => Promise<Sketch>

/** Fewer shared hashes than this, of 64, are chance or a common licence text. */
const leastLikeness = 6
/** More candidates than this of one name tell nothing. */
const mostCandidates = 16

/** Finds for each object of a new tree the old one that it most probably grew from. */
export class BaseFinder {
  readonly #byPath = new Map<string, Digest>()
  readonly #byKey = new Map<string, Set<Digest>>()
  readonly #gone: readonly Digest[]
  readonly #sketchOf: SketchOf

  constructor(from: TreeListing, to: TreeListing, sketchOf: SketchOf) {
    const kept = new Set(objectsOf(to).map(({ digest }) => digest))
    this.#gone = objectsOf(from).flatMap(({ digest, size }) =>
      kept.has(digest) || size < 64 ? [] : [digest],
    )
    this.#sketchOf = sketchOf
    for (const entry of filesOf(from)) {
      if (entry.size === 0) continue
      this.#byPath.set(entry.path, entry.digest)
      for (const key of keysOf(entry.path)) {
        this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(entry.digest))
      }
    }
  }

  /** The old object at one of `paths`, else one of like name, else one of like content. */
  async find(digest: Digest, paths: readonly string[]): Promise<Digest | undefined> {
    const same = paths.map(path => this.#byPath.get(path)).find(found => found !== undefined)
    if (same !== undefined) return same
    for (const key of paths.flatMap(keysOf)) {
      const named = [...(this.#byKey.get(key) ?? [])]
      if (named.length === 1) return named[0]
      const best = await this.#mostAlike(digest, named.slice(0, mostCandidates))
      if (best !== undefined) return best
    }
    return await this.#mostAlike(digest, this.#gone)
  }

  async #mostAlike(digest: Digest, candidates: readonly Digest[]): Promise<Digest | undefined> {
    if (candidates.length === 0) return undefined
    const own = await this.#sketchOf(digest)
    let best: Digest | undefined
    let most = leastLikeness - 1
    for (const candidate of candidates) {
      const shared = likeness(own, await this.#sketchOf(candidate))
      if (shared <= most) continue
      most = shared
      best = candidate
    }
    return best
  }
}

/** All files of a tree. */
export function filesOf(tree: TreeListing): FileEntry[] {
  return tree.entries.flatMap(entry => (entry.kind === 'file' ? [entry] : []))
}

/** From the most telling to the least: the path without its numbers, the name, the name without. */
function keysOf(path: string): string[] {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return [`path ${withoutNumbers(path)}`, `name ${name}`, `like ${withoutNumbers(name)}`]
}

function withoutNumbers(text: string): string {
  return text.replace(/[0-9]+([.+~-]?[0-9]+)*/g, '#')
}
