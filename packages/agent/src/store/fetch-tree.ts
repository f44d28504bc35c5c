import { type Digest, isCoded } from '@steadfleet/base'
import { objectsOf, parseTree } from '@steadfleet/bundle'
import type { GenerationPackage, Ref } from '@steadfleet/engine'
import { getObject } from '@steadfleet/protocol'
import { refuseTooLittleSpace } from '../disk/space.ts'
import { isDamage } from '../error.ts'
import { download, lengthOf, refuseOtherFile } from './download.ts'
import { fetchBundle, type TreeFetch } from './fetch-bundle.ts'
import { type FetchContext, range } from './fetch-context.ts'
import { fetchDelta } from './fetch-delta.ts'
import { isItsDoing, type Source } from './sources.ts'
import { admitAll, turnOf } from './take-in.ts'

export interface FetchReceipt {
  readonly bytes: number
  readonly objects: number
}

/** So few missing objects are asked for one by one; more come faster in a bundle. */
const fewObjects = 4
/** So few missing bytes cost no more than asking for a delta. */
const fewBytes = 2048
/** One sync serves so many objects. */
const batch = 64

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

/**
 * By delta, else by the bundle of what the base lacks, else by the full one. Where none can be had or
 * trusted there is the single way.
 */
async function fetchBundled(
  context: FetchContext,
  fetch: TreeFetch,
  digests: readonly Digest[],
  stop: AbortSignal,
): Promise<number> {
  const missing = missingOf(context, fetch, digests)
  for (const { fetchBy } of ways.filter(({ isWorth }) => isWorth(missing))) {
    const ask = (source: Source) => fetchBy(context, fetch, source, stop)
    try {
      return await context.sources.first(['mirror', 'server'], ask, stop)
    } catch (error) {
      if (context.isBundled || !isSecondWay(error, stop)) throw error
      if (!isAbsent(error)) context.suspect(error)
    }
  }
  return 0
}

/** Where content comes by bundles alone, a little is much. */
function missingOf(
  { isBundled }: FetchContext,
  { base, sizes }: TreeFetch,
  digests: readonly Digest[],
): Missing {
  const bytes = digests.reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0)
  const isMuch = isBundled && digests.length > 0
  return { base, objects: isMuch ? Number.POSITIVE_INFINITY : digests.length, bytes }
}

interface Missing {
  readonly base: Digest | undefined
  readonly objects: number
  readonly bytes: number
}

/** From the one that brings the least to the one that is always there. */
const ways: readonly {
  readonly isWorth: (missing: Missing) => boolean
  readonly fetchBy: (
    context: FetchContext,
    fetch: TreeFetch,
    source: Source,
    stop: AbortSignal,
  ) => Promise<number>
}[] = [
  { isWorth: ({ base, bytes }) => base !== undefined && bytes > fewBytes, fetchBy: fetchDelta },
  {
    isWorth: ({ base, objects }) => base !== undefined && objects > fewObjects,
    fetchBy: fetchBundle,
  },
  {
    isWorth: ({ objects }) => objects > fewObjects,
    fetchBy: (context, fetch, source, stop) =>
      fetchBundle(context, { ...fetch, base: undefined }, source, stop),
  },
]

/** A way that is not there, or not what it should be, can be done without; a full disk cannot. */
function isSecondWay(error: unknown, stop: AbortSignal): boolean {
  if (stop.aborted || !isCoded(error)) return false
  const isRefused = statusOf(error) >= 400 && statusOf(error) < 500
  const isBad = /^(bundle|tree)\//.test(error.code) || isDamage(error)
  return isRefused || isBad || secondWays.includes(error.code)
}
const secondWays = ['agent/too-long', 'agent/not-there', 'agent/tool', 'reply/status', 'internal']

/** That a server has no delta, or has never heard of any, is no news. */
function isAbsent(error: unknown): boolean {
  return statusOf(error) === 404
}

function statusOf(error: unknown): number {
  return isCoded(error) && 'status' in error ? Number(error.status) : 0
}

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
      const end = await turnOf(objects, ref.digest)
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
