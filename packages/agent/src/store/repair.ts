import type { Digest } from '@steadfleet/base'
import { objectsOf } from '@steadfleet/bundle'
import type { Ref } from '@steadfleet/engine'
import type { Paths } from '../disk/paths.ts'
import { isSystemError } from '../error.ts'
import type { Breath } from './breath.ts'
import { damageOf, giveRights, setAside, wrongRights } from './damage.ts'
import type { FetchContext } from './fetch-context.ts'
import { fetchObject } from './fetch-tree.ts'
import type { ObjectFile } from './objects.ts'
import { damaged, type TreeSeals } from './seals.ts'
import type { TreeStore } from './trees.ts'

export interface RepairContext {
  readonly fetching: FetchContext
  readonly trees: TreeStore
  readonly seals: TreeSeals
}

/** What a repair brought anew. */
export interface Repaired {
  readonly objects: number
  readonly bytes: number
}

/**
 * Makes a tree what it was: each object it needs is read, what is damaged or gone is fetched anew and
 * nothing else, and the tree is laid out again. Throws where what it needs cannot be had.
 */
export async function repairTree(
  { fetching, trees, seals }: RepairContext,
  tree: Ref,
  breath: Breath,
  stop: AbortSignal,
): Promise<Repaired> {
  const listing = await soundObjects(fetching, [tree], breath, stop)
  const refs = objectsOf(await trees.listing(tree.digest)).map(toRef)
  const content = await soundObjects(fetching, refs, breath, stop)
  await trees.rebuild(tree.digest)
  const faults = await seals.faultsOf(tree.digest, breath)
  if (faults.length > 0) throw damaged(tree.digest, faults)
  return { objects: listing.objects + content.objects, bytes: listing.bytes + content.bytes }
}

function toRef({ digest, size }: { digest: Digest; size: number }): Ref {
  return { digest, length: size }
}

/** Reads each of these objects; those that are damaged or gone are fetched, one by one. */
async function soundObjects(
  context: FetchContext,
  refs: readonly Ref[],
  breath: Breath,
  stop: AbortSignal,
): Promise<Repaired> {
  let objects = 0
  let bytes = 0
  for (const ref of refs) {
    for (const file of await context.objects.kindsOf(ref.digest))
      await checkFile(context, file, breath)
    if (await context.objects.find(ref.digest)) continue
    bytes += await fetchObject(context, ref, stop)
    objects += 1
  }
  return { objects, bytes }
}

/** Who else found it damaged may have brought it anew by now: that stays. */
async function setAsideDamaged(paths: Paths, file: ObjectFile, breath: Breath): Promise<void> {
  if (await damageOf(file, breath)) await setAside(paths, file.path)
}

/** True where the file is, or is made, what its name says; else it is told of and set aside. */
export async function checkFile(
  { objects, paths, suspect }: Pick<FetchContext, 'objects' | 'paths' | 'suspect'>,
  file: ObjectFile,
  breath: Breath,
): Promise<boolean> {
  try {
    const damage = await damageOf(file, breath)
    const rights = damage ? undefined : wrongRights(file)
    if (damage) suspect(damage)
    if (damage) await objects.turns.alone(file.digest, () => setAsideDamaged(paths, file, breath))
    if (rights) suspect(rights)
    if (rights) await giveRights(paths, file)
    return damage === undefined
  } catch (error) {
    // Collected while it was read: then nobody needs it.
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}
