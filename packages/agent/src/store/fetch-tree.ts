import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isCoded, toHexDigest } from '@steadfleet/base'
import { objectsOf, openBundle, parseTree, type TreeListing } from '@steadfleet/bundle'
import type { GenerationPackage, Ref } from '@steadfleet/engine'
import { getBundle, getObject } from '@steadfleet/protocol'
import type { Paths } from '../disk/paths.ts'
import { refuseTooLittleSpace } from '../disk/space.ts'
import { type Download, download, lengthOf, refuseOtherFile } from './download.ts'
import type { ObjectStore } from './objects.ts'
import { isItsDoing, type Source, type Sources } from './sources.ts'

/** What fetching needs of the agent. `suspect` hears of content that was not what was signed. */
export interface FetchContext {
  readonly sources: Sources
  readonly paths: Paths
  readonly objects: ObjectStore
  readonly suspect: (error: unknown) => void
  /** Waits as long as the bandwidth that fetching may take wants it. */
  readonly throttle: (bytes: number) => Promise<void>
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
  const refs = before.map(digest => ({ digest, length: sizes.get(digest) ?? 0 }))
  const near = await fetchNear(context, refs, stop)
  const far = await context.objects.missing(before)
  const bundled = await fetchBundled(context, { wanted, listing, base, sizes }, far, stop)
  const single = await fetchEach(context, refs, ref => stageObject(context, ref, stop))
  let bytes = listingBytes + near + bundled + single
  // What another fetch was bringing is waited for.
  for (const ref of refs) bytes += await fetchObject(context, ref, stop)
  return { bytes, objects: before.length }
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

/** From a peer all is taken that it has, up to the first object that it lacks. */
async function fetchNear(
  context: FetchContext,
  refs: readonly Ref[],
  stop: AbortSignal,
): Promise<number> {
  let bytes = 0
  for (const peer of context.sources.of(['peer'])) {
    try {
      bytes += await fetchEach(context, refs, ref => stageFrom(context, peer, ref, stop))
    } catch (error) {
      stop.throwIfAborted()
      if (!isItsDoing(error)) throw error
      context.sources.leave(peer, error)
    }
  }
  return bytes
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
      return await context.sources.first(
        ['mirror', 'server'],
        source => fetchOneBundle(context, { ...fetch, base: from }, source, stop),
        stop,
      )
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

/** What one source sent of a bundle is of no use to go on from at another. */
async function fetchOneBundle(
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
  try {
    const bytes = await downloadRest({ path, limit, open, throttle: context.throttle })
    await unpack(context, path, { tree, listing, limit: content + wanted.tree.length })
    return bytes
  } catch (error) {
    if (source.kind !== 'server' && !stop.aborted) await rm(path, { force: true })
    throw error
  }
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

/**
 * A bundle that does not unpack is of no use to go on from, so it goes whichever way this ends. What
 * another fetch brings at this moment is left to that.
 */
async function unpack(
  { objects }: FetchContext,
  path: string,
  { tree, listing, limit }: Unpacking,
): Promise<void> {
  const wanted = new Set([tree, ...objectsOf(listing).map(one => one.digest)])
  const staged = new Map<Digest, () => void>()
  try {
    const limits = { objects: wanted.size, bytes: limit, tree, wanted }
    const bundle = await openBundle(createReadStream(path), limits)
    for await (const object of bundle.objects) {
      const end = (await objects.find(object.digest))
        ? undefined
        : objects.turns.take(object.digest)
      if (end) await stageOrEnd(objects, object, end)
      if (end) staged.set(object.digest, end)
    }
  } finally {
    await rm(path, { force: true })
    await admitAll(objects, staged)
  }
}

async function stageOrEnd(
  objects: ObjectStore,
  { digest, content }: { digest: Digest; content: AsyncIterable<Uint8Array> },
  end: () => void,
): Promise<void> {
  try {
    await objects.stage(digest, content)
  } catch (error) {
    end()
    throw error
  }
}

async function admitAll(
  objects: ObjectStore,
  staged: ReadonlyMap<Digest, () => void>,
): Promise<void> {
  try {
    await objects.admit([...staged.keys()])
  } finally {
    for (const end of staged.values()) end()
  }
}

/** One sync serves so many objects. */
const batch = 64

/** Fetches what nobody else does at this moment, and makes objects of it batch by batch. */
async function fetchEach(
  { objects }: FetchContext,
  refs: readonly Ref[],
  stage: (ref: Ref) => Promise<number>,
): Promise<number> {
  let bytes = 0
  const staged = new Map<Digest, () => void>()
  try {
    for (const ref of refs) {
      const end = (await objects.find(ref.digest)) ? undefined : objects.turns.take(ref.digest)
      if (end === undefined) continue
      bytes += await stage(ref).catch(error => {
        end()
        throw error
      })
      staged.set(ref.digest, end)
      if (staged.size < batch) continue
      await admitAll(objects, staged)
      staged.clear()
    }
  } finally {
    await admitAll(objects, staged)
  }
  return bytes
}

/** One object by itself; yields the bytes that came for it, none where it is here already. */
export function fetchObject(context: FetchContext, ref: Ref, stop: AbortSignal): Promise<number> {
  const { objects, paths } = context
  return objects.turns.alone(ref.digest, async () => {
    if (await objects.find(ref.digest)) return 0
    await refuseTooLittleSpace(paths.root, { bytes: ref.length, inodes: 1 })
    const bytes = await stageObject(context, ref, stop)
    await objects.admit([ref.digest])
    return bytes
  })
}

/** From whoever has it. */
function stageObject(context: FetchContext, ref: Ref, stop: AbortSignal): Promise<number> {
  return context.sources.first(
    ['peer', 'mirror', 'server'],
    source => stageFrom(context, source, ref, stop),
    stop,
  )
}

async function stageFrom(
  { objects, throttle }: FetchContext,
  { client }: Source,
  { digest, length }: Ref,
  stop: AbortSignal,
): Promise<number> {
  const path = objects.incomingPath(digest)
  const open = (offset: number) =>
    client.open(getObject, { params: { digest }, headers: range(offset), signal: stop })
  const fetch = () => download({ path, limit: length, open, throttle })
  const held = await lengthOf(path)
  const bytes = held >= length && length > 0 ? 0 : await fetch()
  try {
    await refuseOtherFile(path, digest, length)
    return bytes
  } catch (error) {
    // What was here before may be another's lie.
    if (held === 0 || !isCoded(error, 'agent/digest')) throw error
    const whole = await fetch()
    await refuseOtherFile(path, digest, length)
    return bytes + whole
  }
}

function range(offset: number): Record<string, string> {
  return offset > 0 ? { range: `bytes=${offset}-` } : {}
}
