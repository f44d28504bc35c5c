import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isCoded, toHexDigest } from '@steadfleet/base'
import { objectsOf, openBundle, parseTree, type TreeListing } from '@steadfleet/bundle'
import type { GenerationPackage, Ref } from '@steadfleet/engine'
import { type Client, getBundle, getObject } from '@steadfleet/protocol'
import type { Paths } from '../disk/paths.ts'
import { refuseTooLittleSpace } from '../disk/space.ts'
import { type Download, download, lengthOf, refuseOtherFile } from './download.ts'
import type { ObjectStore } from './objects.ts'

/** What fetching needs of the agent. `suspect` hears of content that was not what was signed. */
export interface FetchContext {
  readonly client: Client
  readonly paths: Paths
  readonly objects: ObjectStore
  readonly suspect: (error: unknown) => void
}

export interface FetchReceipt {
  readonly bytes: number
  readonly objects: number
}

/** So few missing objects are asked for one by one; more come faster in a bundle. */
const fewObjects = 4
/** What a bundle may be longer than the objects in it: framing and content that does not compress. */
const bundleSlack = 1024 * 1024

/** Fetches what the store lacks of a release's tree: by a bundle where there is much, else singly. */
export async function fetchTree(
  context: FetchContext,
  wanted: GenerationPackage,
  base: Digest | undefined,
  stop: AbortSignal,
): Promise<FetchReceipt> {
  const listingBytes = await fetchObject(context, wanted.tree, stop)
  const listing = parseTree(await context.objects.read(wanted.tree.digest))
  const sizes = new Map(objectsOf(listing).map(one => [one.digest, one.size]))
  const before = await adoptStaged(context, sizes)
  await refuseTooLittleSpace(context.paths.root, sumOf(before, sizes) * 2)
  const bundled = await fetchBundled(context, { wanted, listing, base, sizes }, before, stop)
  const left = await context.objects.missing(sizes.keys())
  const single = await fetchSingly(context, left, sizes, stop)
  return { bytes: listingBytes + bundled + single, objects: before.length }
}

function sumOf(digests: readonly Digest[], sizes: ReadonlyMap<Digest, number>): number {
  return digests.reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0)
}

/** What an interrupted fetch left whole is taken as it is; what is then still missing is yielded. */
async function adoptStaged(
  { objects }: FetchContext,
  sizes: ReadonlyMap<Digest, number>,
): Promise<Digest[]> {
  const missing = await objects.missing(sizes.keys())
  const staged = await objects.staged(new Set(missing))
  await objects.admit(staged)
  return missing.filter(digest => !staged.includes(digest))
}

interface TreeFetch {
  readonly wanted: GenerationPackage
  readonly listing: TreeListing
  readonly base: Digest | undefined
  readonly sizes: ReadonlyMap<Digest, number>
}

/** By delta, else by the full bundle. Where neither can be had or trusted there is the single way. */
async function fetchBundled(
  context: FetchContext,
  fetch: TreeFetch,
  missing: readonly Digest[],
  stop: AbortSignal,
): Promise<number> {
  if (missing.length <= fewObjects) return 0
  for (const from of fetch.base ? [fetch.base, undefined] : [undefined]) {
    try {
      return await fetchOneBundle(context, fetch, from, stop)
    } catch (error) {
      if (!isSecondWay(error, stop)) throw error
      context.suspect(error)
    }
  }
  return 0
}

/** A bundle that is not there, or not what it should be, can be done without; a full disk cannot. */
function isSecondWay(error: unknown, stop: AbortSignal): boolean {
  if (stop.aborted || !isCoded(error)) return false
  return error.code.startsWith('bundle/') || secondWays.includes(error.code)
}
const secondWays = [
  'agent/too-long',
  'content/unknown',
  'reply/status',
  'release/unknown',
  'internal',
]

async function fetchOneBundle(
  context: FetchContext,
  { wanted, listing, sizes }: TreeFetch,
  from: Digest | undefined,
  stop: AbortSignal,
): Promise<number> {
  const tree = wanted.tree.digest
  const name = `${toHexDigest(tree)}${from ? `.${toHexDigest(from)}` : ''}.bundle`
  const path = join(context.paths.incoming, name)
  const content = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const limit = content + wanted.tree.length + bundleSlack + Math.ceil(content / 100)
  const params = { tree }
  const query = from ? { from } : {}
  const open = (offset: number) =>
    context.client.open(getBundle, { params, query, headers: range(offset), signal: stop })
  const bytes = await downloadRest({ path, limit, open })
  await unpack(context, path, { tree, listing, limit: content + wanted.tree.length })
  return bytes
}

/** Nothing is left to come where the whole file was here already: the server refuses such a range. */
async function downloadRest(job: Download): Promise<number> {
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
  const staged: Digest[] = []
  try {
    const limits = { objects: wanted.size, bytes: limit, tree, wanted }
    const bundle = await openBundle(createReadStream(path), limits)
    for await (const object of bundle.objects) {
      if (await objects.find(object.digest)) continue
      await objects.stage(object.digest, object.content)
      staged.push(object.digest)
    }
  } finally {
    await rm(path, { force: true })
    await objects.admit(staged)
  }
}

async function fetchSingly(
  context: FetchContext,
  missing: readonly Digest[],
  sizes: ReadonlyMap<Digest, number>,
  stop: AbortSignal,
): Promise<number> {
  let bytes = 0
  for (const digest of missing) {
    bytes += await stageObject(context, { digest, length: sizes.get(digest) ?? 0 }, stop)
  }
  await context.objects.admit(missing)
  return bytes
}

/** One object by itself; yields the bytes that came for it, none where it is here already. */
export async function fetchObject(
  context: FetchContext,
  ref: Ref,
  stop: AbortSignal,
): Promise<number> {
  if (await context.objects.find(ref.digest)) return 0
  await refuseTooLittleSpace(context.paths.root, ref.length)
  const bytes = await stageObject(context, ref, stop)
  await context.objects.admit([ref.digest])
  return bytes
}

async function stageObject(
  context: FetchContext,
  { digest, length }: Ref,
  stop: AbortSignal,
): Promise<number> {
  const path = context.objects.incomingPath(digest)
  const open = (offset: number) =>
    context.client.open(getObject, { params: { digest }, headers: range(offset), signal: stop })
  const isHere = (await lengthOf(path)) >= length && length > 0
  const bytes = isHere ? 0 : await download({ path, limit: length, open })
  await refuseOtherFile(path, digest, length)
  return bytes
}

function range(offset: number): Record<string, string> {
  return offset > 0 ? { range: `bytes=${offset}-` } : {}
}
