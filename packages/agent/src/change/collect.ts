import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, toHexDigest } from '@steadfleet/base'
import { objectsOf } from '@steadfleet/bundle'
import type { Generation } from '@steadfleet/engine'
import { syncDirectory } from '../disk/durable.ts'
import { generationPath, type Paths } from '../disk/paths.ts'
import type { ObjectStore } from '../store/objects.ts'
import type { TreeStore } from '../store/trees.ts'
import { generationNumbers } from './generations.ts'
import { dropData } from './package-data.ts'

export interface Stores {
  readonly paths: Paths
  readonly objects: ObjectStore
  readonly trees: TreeStore
}

/** Removes all that none of the kept generations needs. Rejected data stays until a commit. */
export async function collect(
  { paths, objects, trees }: Stores,
  kept: readonly Generation[],
  keepsRejected: boolean,
): Promise<void> {
  const packages = kept.flatMap(generation => generation.packages)
  const data = new Set(packages.map(one => `${one.package.replace('/', '.')} ${one.data}`))
  await dropGenerations(paths, kept)
  await dropTrees(paths, new Set(packages.map(one => toHexDigest(one.tree.digest))))
  await dropObjects({ paths, objects, trees }, kept)
  await dropData(paths, (directory, { number, isRejected }) =>
    isRejected ? keepsRejected : data.has(`${directory} ${number}`),
  )
}

/** Removes every object that none of the kept generations needs, and what was left half fetched. */
export async function dropObjects(
  { objects, trees }: Stores,
  kept: readonly Generation[],
): Promise<void> {
  await objects.keepOnly(
    await liveObjects(
      trees,
      kept.flatMap(one => one.packages),
    ),
  )
}

async function liveObjects(
  trees: TreeStore,
  packages: Generation['packages'],
): Promise<Set<Digest>> {
  const live = new Set<Digest>()
  for (const { tree, record } of packages) {
    live.add(tree.digest).add(record.digest)
    for (const object of objectsOf(await trees.listing(tree.digest))) live.add(object.digest)
  }
  return live
}

async function dropGenerations(paths: Paths, kept: readonly Generation[]): Promise<void> {
  const numbers = new Set(kept.map(generation => generation.number))
  for (const number of await generationNumbers(paths)) {
    if (numbers.has(number)) continue
    await rm(generationPath(paths, number), { recursive: true, force: true })
  }
  await syncDirectory(paths.generations)
}

async function dropTrees(paths: Paths, live: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(paths.trees)) {
    if (!live.has(name)) await rm(join(paths.trees, name), { recursive: true, force: true })
  }
}
