import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestFromHex, isCoded } from '@steadfleet/base'
import { objectsOf } from '@steadfleet/bundle'
import type { Generation } from '@steadfleet/engine'
import { syncDirectory } from '../disk/durable.ts'
import { generationPath, type Paths } from '../disk/paths.ts'
import { importedTrees } from '../offline/import-file.ts'
import { AgentFiles } from '../self/agent-files.ts'
import { collectObjects } from '../store/collect-objects.ts'
import type { ObjectStore } from '../store/objects.ts'
import type { TreeStore } from '../store/trees.ts'
import { collectData } from './collect-data.ts'
import { generationNumbers, readGeneration } from './generations.ts'
import { dropExpired } from './rejected-data.ts'
import type { Stores } from './stores.ts'

/**
 * Removes all that none of the kept generations needs; of one that may be `coming`, what was fetched for it
 * stays, too.
 */
export async function collect(
  stores: Stores,
  kept: readonly Generation[],
  coming?: Generation,
): Promise<void> {
  await collectLaidOut(stores, kept)
  await dropObjects(stores, kept, coming)
}

/** The same of all that can be made again of what was fetched. */
export async function collectLaidOut(stores: Stores, kept: readonly Generation[]): Promise<void> {
  const { paths, trees, grace } = stores
  const packages = kept.flatMap(generation => generation.packages)
  const isKnown = await areAllRead(paths)
  await dropGenerations(paths, kept)
  const others = await treesInUse(paths)
  const used = [...packages.map(one => one.tree.digest), ...others]
  await dropTrees(paths, trees, new Set(used))
  await collectData(paths, kept, { grace, isKnown })
  await dropExpired(paths, grace)
}

/** False where the record of a generation is lost: whose the data is that nobody names is not known. */
async function areAllRead(paths: Paths): Promise<boolean> {
  for (const number of await generationNumbers(paths)) {
    if ((await readGeneration(paths, number)) === undefined) return false
  }
  return true
}

/** Removes every object that none of these generations needs, and what was left half fetched. */
export async function dropObjects(
  { paths, objects, trees, limit }: Stores,
  kept: readonly Generation[],
  coming?: Generation,
): Promise<void> {
  const packages = kept.flatMap(one => one.packages)
  const others = await treesInUse(paths)
  const live = await liveObjects(trees, packages, others)
  // Of a tree whose listing is not here nothing was fetched yet.
  const begun = await begunIn(objects, coming?.packages ?? [])
  const soon = live && (await liveObjects(trees, begun, []))
  if (live && soon) await collectObjects(paths, objects, { live, coming: soon }, limit)
}

async function begunIn(
  objects: ObjectStore,
  packages: Generation['packages'],
): Promise<Generation['packages']> {
  const absent = new Set(await objects.missing(packages.map(one => one.tree.digest)))
  return packages.filter(one => !absent.has(one.tree.digest))
}

/** What the packages need, or undefined where that cannot be read: then anything may be needed. */
async function liveObjects(
  trees: TreeStore,
  packages: Generation['packages'],
  others: readonly Digest[],
): Promise<Set<Digest> | undefined> {
  const live = new Set(packages.map(({ record }) => record.digest))
  for (const tree of [...packages.map(one => one.tree.digest), ...others]) {
    live.add(tree)
    const objects = await objectsOfTree(trees, tree)
    if (objects === undefined) return undefined
    for (const { digest } of objects) live.add(digest)
  }
  return live
}

async function objectsOfTree(
  trees: TreeStore,
  tree: Digest,
): Promise<readonly { digest: Digest }[] | undefined> {
  try {
    return objectsOf(await trees.listing(tree))
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

/** Beyond what generations name: the agents that may be started, and what was imported for an order. */
async function treesInUse(paths: Paths): Promise<Digest[]> {
  return [...(await new AgentFiles(paths).trees()), ...(await importedTrees(paths))]
}

async function dropGenerations(paths: Paths, kept: readonly Generation[]): Promise<void> {
  const numbers = new Set(kept.map(generation => generation.number))
  for (const number of await generationNumbers(paths)) {
    if (numbers.has(number)) continue
    await rm(generationPath(paths, number), { recursive: true, force: true })
  }
  await syncDirectory(paths.generations)
}

async function dropTrees(paths: Paths, trees: TreeStore, live: ReadonlySet<Digest>): Promise<void> {
  for (const name of await readdir(paths.trees)) {
    const isTree = /^[0-9a-f]{64}$/.test(name)
    if (!isTree) await rm(join(paths.trees, name), { recursive: true, force: true })
    else if (!live.has(digestFromHex(name))) await trees.remove(digestFromHex(name))
  }
}
