import type { Digest } from '@steadfleet/base'
import { objectsOf, type TreeObject } from '../objects.ts'
import type { TreeListing } from '../tree.ts'
import { filesOf } from './bases.ts'

/** The objects of an older tree, as a delta names them: by a path, or by their place. */
export class OldObjects {
  readonly all: readonly TreeObject[]
  readonly #place: ReadonlyMap<Digest, number>
  readonly #byPath: ReadonlyMap<string, Digest>

  constructor(from: TreeListing) {
    this.all = objectsOf(from)
    this.#place = new Map(this.all.map(({ digest }, place) => [digest, place]))
    this.#byPath = new Map(filesOf(from).map(({ path, digest }) => [path, digest]))
  }

  /** The place of the object that stands at the first of `paths` that the older tree has. */
  placeAt(paths: readonly string[]): number | undefined {
    const path = paths.find(name => this.#byPath.has(name))
    const digest = path === undefined ? undefined : this.#byPath.get(path)
    return digest === undefined ? undefined : this.#place.get(digest)
  }

  has(digest: Digest): boolean {
    return this.#place.has(digest)
  }

  placeOf(digest: Digest): number | undefined {
    return this.#place.get(digest)
  }
}
