import type { Digest } from '@steadfleet/base'
import { objectsOf, type TreeListing } from '@steadfleet/bundle'
import type { GenerationPackage } from '@steadfleet/engine'
import { type Need, refuseTooLittleSpace, sumOf } from '../disk/space.ts'
import { AgentError } from '../error.ts'
import type { FetchContext } from './fetch-context.ts'
import { fetchObject } from './fetch-tree.ts'
import { salvage } from './salvage.ts'
import type { TreeStore } from './trees.ts'

export interface RoomContext {
  readonly fetching: FetchContext
  readonly trees: TreeStore
  /** Bytes that the store may take; 0 for as many as there are. */
  readonly limit: number
}

/**
 * Refuses a whole change before the first byte of its content, where bytes, inodes or what the store
 * may take would not do for all of its packages together, and for what `more` they want. Only the
 * listings are fetched for it.
 */
export async function refuseTooLittleRoom(
  { fetching, trees, limit }: RoomContext,
  from: readonly GenerationPackage[],
  to: readonly GenerationPackage[],
  more: Need,
  stop: AbortSignal,
): Promise<void> {
  for (const { tree } of to) await fetchObject(fetching, tree, stop)
  const listings = await Promise.all(to.map(({ tree }) => trees.listing(tree.digest)))
  if (limit > 0) {
    const before = await Promise.all(from.map(({ tree }) => trees.listing(tree.digest)))
    refuseOverLimit(limit, [...before, ...listings])
  }
  const digests = [...sizesOf(listings).keys()]
  const lacking = new Set(await fetching.objects.missing(digests))
  await salvage(fetching, trees, new Set(to.map(({ tree }) => tree.digest)), lacking)
  const missing = new Set(await fetching.objects.missing(lacking))
  await refuseTooLittleSpace(fetching.paths.root, sumOf([needOf(listings, missing), more]))
}

/** Twice the bytes: a bundle, and what is in it. An executable is copied once before its original goes. */
function needOf(listings: readonly TreeListing[], missing: ReadonlySet<Digest>): Need {
  const bytes = [...sizesOf(listings)]
    .filter(([digest]) => missing.has(digest))
    .reduce((sum, [, size]) => sum + size, 0)
  const others = listings.flatMap(({ entries }) => entries.filter(one => one.kind !== 'file'))
  return { bytes: bytes * 2, inodes: missing.size * 2 + others.length }
}

function refuseOverLimit(limit: number, listings: readonly TreeListing[]): void {
  const bytes = [...sizesOf(listings).values()].reduce((sum, size) => sum + size, 0)
  if (bytes <= limit) return
  const message = `cannot fetch: old and new release take ${bytes} bytes, and the store may take ${limit}`
  throw new AgentError('agent/over-limit', message, { bytes, limit })
}

function sizesOf(listings: readonly TreeListing[]): Map<Digest, number> {
  return new Map(listings.flatMap(objectsOf).map(({ digest, size }) => [digest, size]))
}
