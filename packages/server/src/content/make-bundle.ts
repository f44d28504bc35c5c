import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Digest } from '@steadfleet/base'
import {
  type BundleObject,
  contentsOf,
  makeHeader,
  parseTree,
  writeBundle,
} from '@steadfleet/bundle'
import type { ObjectRef } from '@steadfleet/domain'
import { type ObjectStore, openObjects } from './object-store.ts'

export interface BundleJob {
  readonly objects: string
  readonly tree: Digest
  readonly from?: Digest | undefined
  /** The file to make; it appears when it is whole. */
  readonly path: string
}

/** Makes the bundle of a tree, or the part of it that another tree lacks, as a file. */
export async function makeBundle({ objects, tree, from, path }: BundleJob): Promise<void> {
  const store = openObjects(objects)
  const listing = parseTree(await store.read(tree))
  const base = from && parseTree(await store.read(from))
  const contents = contentsOf(listing, base)
  const header = { ...makeHeader(tree, contents), ...(from && { from }) }
  const bytes = writeBundle(objectsIn(store, contents), header)
  const draft = `${path}.new`
  try {
    await pipeline(Readable.from(bytes), createWriteStream(draft))
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

function* objectsIn(store: ObjectStore, contents: readonly ObjectRef[]): Iterable<BundleObject> {
  for (const { digest, length } of contents) {
    yield { digest, length, content: store.stream(digest) }
  }
}
