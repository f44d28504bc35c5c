import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isCoded, toHexDigest } from '@steadfleet/base'
import { objectsOf, openBundle, type TreeListing } from '@steadfleet/bundle'
import type { GenerationPackage } from '@steadfleet/engine'
import { getBundle } from '@steadfleet/protocol'
import { type Download, download } from './download.ts'
import { type FetchContext, range } from './fetch-context.ts'
import type { Source } from './sources.ts'
import { takeIn } from './take-in.ts'

/** What is to be fetched of a tree, and what of it may be here already. */
export interface TreeFetch {
  readonly wanted: GenerationPackage
  readonly listing: TreeListing
  readonly base: Digest | undefined
  readonly sizes: ReadonlyMap<Digest, number>
}

/** What a bundle may be longer than the objects in it: framing and content that does not compress. */
const bundleSlack = 1024 * 1024

/** Fetches what `base` lacks of a tree, or all of it, from one source; yields the bytes that came. */
export async function fetchBundle(
  context: FetchContext,
  { wanted, listing, base, sizes }: TreeFetch,
  source: Source,
  stop: AbortSignal,
): Promise<number> {
  const tree = wanted.tree.digest
  const name = `${toHexDigest(tree)}${base ? `.${toHexDigest(base)}` : ''}.bundle`
  const path = join(context.paths.incoming, name)
  const content = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const limit = content + wanted.tree.length + bundleSlack + Math.ceil(content / 100)
  const params = { tree }
  const query = base ? { from: base } : {}
  const open = (offset: number) =>
    source.client.open(getBundle, { params, query, headers: range(offset), signal: stop })
  // What one source sent of a bundle is of no use to go on from at another.
  return keptForServer(path, source, stop, async () => {
    const bytes = await downloadRest({ path, limit, open, throttle: context.throttle })
    await unpack(context, path, { tree, listing, limit: content + wanted.tree.length })
    return bytes
  })
}

/** Removes a file that is half fetched unless the server, which is asked last, will go on with it. */
export async function keptForServer<T>(
  path: string,
  source: Source,
  stop: AbortSignal,
  fetch: () => Promise<T>,
): Promise<T> {
  try {
    return await fetch()
  } catch (error) {
    if (source.kind !== 'server' && !stop.aborted) await rm(path, { force: true })
    throw error
  }
}

/** Nothing is left to come where the whole file was here already: the server refuses such a range. */
export async function downloadRest(job: Download): Promise<number> {
  try {
    return await download(job)
  } catch (error) {
    if (isCoded(error, 'content/wrong-range')) return 0
    throw error
  }
}

interface Unpacking {
  readonly tree: Digest
  readonly listing: TreeListing
  readonly limit: number
}

/** A bundle that does not unpack is of no use to go on from, so it goes whichever way this ends. */
async function unpack(
  { objects }: FetchContext,
  path: string,
  { tree, listing, limit }: Unpacking,
): Promise<void> {
  const wanted = new Set([tree, ...objectsOf(listing).map(one => one.digest)])
  try {
    const limits = { objects: wanted.size, bytes: limit, tree, wanted }
    const bundle = await openBundle(createReadStream(path), limits)
    await takeIn(objects, bundle.objects)
  } finally {
    await rm(path, { force: true })
  }
}
