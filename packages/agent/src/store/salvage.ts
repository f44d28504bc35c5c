import { createReadStream } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestFromHex, isCoded } from '@steadfleet/base'
import { type BundleObject, objectsOf, openBundle, type TreeListing } from '@steadfleet/bundle'
import type { FetchContext } from './fetch-context.ts'
import { takeIn } from './take-in.ts'
import type { TreeStore } from './trees.ts'

/**
 * Takes what is `missing` out of bundles that were half fetched for trees that nobody wants any more. Where a
 * bundle breaks off, what came before that was whole; there is nothing else that it could be of use for.
 */
export async function salvage(
  { paths, objects }: Pick<FetchContext, 'paths' | 'objects'>,
  trees: TreeStore,
  wanted: ReadonlySet<Digest>,
  missing: ReadonlySet<Digest>,
): Promise<void> {
  for (const name of await readdir(paths.incoming)) {
    const [, hex] = /^([0-9a-f]{64})(?:\.[0-9a-f]{64})?\.bundle$/.exec(name) ?? []
    if (hex === undefined || wanted.has(digestFromHex(hex))) continue
    const tree = digestFromHex(hex)
    const path = join(paths.incoming, name)
    try {
      const limits = limitsOf(tree, await trees.listing(tree))
      const bundle = await openBundle(createReadStream(path), limits)
      await takeIn(objects, only(missing, bundle.objects))
    } catch (error) {
      if (!isCoded(error)) throw error
    }
    await rm(path, { force: true })
  }
}

function limitsOf(tree: Digest, listing: TreeListing) {
  const contents = objectsOf(listing)
  const bytes = contents.reduce((sum, { size }) => sum + size, 0)
  return { tree, objects: contents.length + 1, bytes: bytes + listingSlack }
}

/** A listing takes less for each entry than the header of a bundle may; its length is not known any more. */
const listingSlack = 16 * 1024 * 1024

async function* only(
  missing: ReadonlySet<Digest>,
  brought: AsyncIterable<BundleObject>,
): AsyncGenerator<BundleObject> {
  for await (const object of brought) if (missing.has(object.digest)) yield object
}
