import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, toHexDigest } from '@steadfleet/base'
import { objectsOf, parseTree } from '@steadfleet/bundle'
import { getDelta } from '@steadfleet/protocol'
import { AgentError } from '../error.ts'
import { downloadRest, keptForServer, type TreeFetch } from './fetch-bundle.ts'
import { type FetchContext, range } from './fetch-context.ts'
import type { ObjectStore } from './objects.ts'
import type { Source } from './sources.ts'
import { admitAll, turnOf } from './take-in.ts'

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
  const base = await refuseLackingBase(context.objects, fetch.base)
  const params = { from: base, tree: fetch.wanted.tree.digest }
  const name = `${toHexDigest(params.tree)}.${toHexDigest(params.from)}.delta`
  const path = join(context.paths.incoming, name)
  const missing = await context.objects.missing(fetch.sizes.keys())
  const limit = missing.reduce((sum, one) => sum + (fetch.sizes.get(one) ?? 0), deltaSlack)
  const open = (offset: number) =>
    source.client.open(getDelta, { params, headers: range(offset), signal: stop })
  return keptForServer(path, source, stop, async () => {
    const bytes = await downloadRest({ path, limit, open, throttle: context.throttle })
    await apply(context, { path, base, fetch, missing }, stop)
    return bytes
  })
}

/** The base, if all its objects are here: a store may have been told to keep less. */
async function refuseLackingBase(objects: ObjectStore, base: Digest | undefined): Promise<Digest> {
  const listing = base && parseTree(await objects.read(base))
  const digests = listing && objectsOf(listing).map(({ digest }) => digest)
  const missing = digests && (await objects.missing(digests))
  if (base !== undefined && missing?.length === 0) return base
  const message = `cannot use a delta: of its base ${missing?.length ?? 'all'} objects are not here`
  throw new AgentError('agent/not-there', message)
}

interface Application {
  readonly path: string
  readonly base: Digest
  readonly fetch: TreeFetch
  readonly missing: readonly Digest[]
}

/**
 * Has all made that nobody else brings. Whatever ends this, the delta goes: only who is told to stop goes
 * on with it, and finds what was made by then.
 */
async function apply(
  { objects, applyDelta }: FetchContext,
  { path, base, fetch, missing }: Application,
  stop: AbortSignal,
): Promise<void> {
  const { wanted, sizes } = fetch
  const turns = await turnsOf(objects, missing)
  const made = new Map<Digest, () => void>()
  try {
    const job = {
      ...{ path, base, tree: wanted.tree.digest, listing: wanted.tree.length },
      bytes: [...sizes.values()].reduce((sum, size) => sum + size, wanted.tree.length),
      wanted: [...turns.keys()],
    }
    for await (const digest of applyDelta(job, stop)) {
      const end = turns.get(digest)
      if (end) made.set(digest, end)
      turns.delete(digest)
    }
  } finally {
    if (!stop.aborted) await rm(path, { force: true })
    for (const end of turns.values()) end()
    await admitAll(objects, made)
  }
}

async function turnsOf(
  objects: ObjectStore,
  digests: readonly Digest[],
): Promise<Map<Digest, () => void>> {
  const turns = new Map<Digest, () => void>()
  for (const digest of digests) {
    const end = await turnOf(objects, digest)
    if (end) turns.set(digest, end)
  }
  return turns
}
