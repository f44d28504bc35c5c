import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isCoded, toHexDigest } from '@steadfleet/base'
import {
  type ByteSource,
  type DeltaTarget,
  objectsOf,
  parseTree,
  readDelta,
  type TreeListing,
} from '@steadfleet/bundle'
import { getDelta } from '@steadfleet/protocol'
import { AgentError } from '../error.ts'
import { digestOfFile } from './download.ts'
import { downloadRest, keptForServer, type TreeFetch } from './fetch-bundle.ts'
import { type FetchContext, range } from './fetch-context.ts'
import type { ObjectStore } from './objects.ts'
import type { Source } from './sources.ts'
import { takeIn } from './take-in.ts'

/** A delta that is not smaller than what it makes is none that a server offers. */
const deltaSlack = 64 * 1024

/**
 * Fetches a delta from `base` from one source and makes of it what the store lacks of the tree; yields the
 * bytes that came. `agent/not-there` where not all of the base is here.
 */
export async function fetchDelta(
  context: FetchContext,
  fetch: TreeFetch,
  source: Source,
  stop: AbortSignal,
): Promise<number> {
  const base = await readBase(context.objects, fetch.base)
  const params = { from: base.digest, tree: fetch.wanted.tree.digest }
  const name = `${toHexDigest(params.tree)}.${toHexDigest(params.from)}.delta`
  const path = join(context.paths.incoming, name)
  const missing = await context.objects.missing(fetch.sizes.keys())
  const limit = missing.reduce((sum, one) => sum + (fetch.sizes.get(one) ?? 0), deltaSlack)
  const open = (offset: number) =>
    source.client.open(getDelta, { params, headers: range(offset), signal: stop })
  return keptForServer(path, source, stop, async () => {
    const bytes = await downloadRest({ path, limit, open, throttle: context.throttle })
    await apply(context.objects, path, { fetch, base: base.listing, missing }, stop)
    return bytes
  })
}

interface Base {
  readonly digest: Digest
  readonly listing: TreeListing
}

/** The base and its listing, if all its objects are here: a store may have been told to keep less. */
async function readBase(objects: ObjectStore, digest: Digest | undefined): Promise<Base> {
  const listing = digest && parseTree(await objects.read(digest))
  const missing = listing && (await objects.missing(objectsOf(listing).map(one => one.digest)))
  if (digest !== undefined && listing && missing?.length === 0) return { digest, listing }
  const message = `cannot use a delta: of its base ${missing?.length ?? 'all'} objects are not here`
  throw new AgentError('agent/not-there', message)
}

interface Application {
  readonly fetch: TreeFetch
  readonly base: TreeListing
  readonly missing: readonly Digest[]
}

/**
 * What an earlier try made is passed over. Whatever else ends this, the delta goes: only who is told to
 * stop goes on with it.
 */
async function apply(
  objects: ObjectStore,
  path: string,
  { fetch, base, missing }: Application,
  stop: AbortSignal,
): Promise<void> {
  await using files = new OpenFiles(objects, stop)
  const { wanted, sizes } = fetch
  const lacking = new Set(missing)
  const target: DeltaTarget = {
    from: base,
    tree: wanted.tree.digest,
    listing: wanted.tree.length,
    bytes: [...sizes.values()].reduce((sum, size) => sum + size, wanted.tree.length),
    open: digest => files.open(digest),
    done: { has: digest => !lacking.has(digest) },
  }
  try {
    await takeIn(objects, readDelta(await files.openDelta(path), target))
  } catch (error) {
    if (!stop.aborted) await rm(path, { force: true })
    if (isOfBase(error)) await refuseDamagedBase(objects, base, error)
    throw error
  }
  await rm(path, { force: true })
}

/** What a delta comes to that is sound and meets old objects that are not. */
function isOfBase(error: unknown): boolean {
  return ['bundle/digest', 'bundle/instructions', 'bundle/base'].some(code => isCoded(error, code))
}

/** Nobody is told to have lied where it was this device's own old object that was changed. */
async function refuseDamagedBase(
  objects: ObjectStore,
  base: TreeListing,
  cause: unknown,
): Promise<void> {
  for (const { digest } of objectsOf(base)) {
    const path = await objects.find(digest)
    const found = path && (await digestOfFile(path))
    if (found === digest) continue
    const message = `cannot apply a delta: old object ${digest} is not what it was`
    throw new AgentError('agent/damaged-object', message, { digest }, { cause })
  }
}

/** The delta, and the one old object that is read at a time. */
class OpenFiles implements AsyncDisposable {
  readonly #objects: ObjectStore
  readonly #stop: AbortSignal
  #delta: FileHandle | undefined
  #old: FileHandle | undefined

  constructor(objects: ObjectStore, stop: AbortSignal) {
    this.#objects = objects
    this.#stop = stop
  }

  async openDelta(path: string): Promise<ByteSource> {
    this.#delta = await open(path)
    return this.#toSource(this.#delta)
  }

  async open(digest: Digest): Promise<ByteSource> {
    await this.#old?.close()
    this.#old = undefined
    const path = await this.#objects.find(digest)
    if (path === undefined) {
      const message = `cannot apply a delta: old object ${digest} is not here`
      throw new AgentError('agent/not-there', message, { digest })
    }
    this.#old = await open(path)
    return this.#toSource(this.#old)
  }

  async #toSource(file: FileHandle): Promise<ByteSource> {
    const { size } = await file.stat()
    return {
      length: size,
      read: async (position, length, into) => {
        this.#stop.throwIfAborted()
        const bytes = into?.subarray(0, length) ?? new Uint8Array(length)
        for (let done = 0; done < length; ) {
          const part = await file.read(bytes, done, length - done, position + done)
          if (part.bytesRead === 0) throw new RangeError(`a file ends at ${position + done}`)
          done += part.bytesRead
        }
        return bytes
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#old?.close()
    await this.#delta?.close()
  }
}
