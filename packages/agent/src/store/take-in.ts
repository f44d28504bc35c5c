import type { Digest } from '@steadfleet/base'
import type { BundleObject } from '@steadfleet/bundle'
import type { ObjectStore } from './objects.ts'

/** One sync serves so many objects, or as many as come to so many bytes. */
const batch = { objects: 64, bytes: 64 * 1024 * 1024 }

/**
 * Takes what a bundle or a delta brings into the store, batch by batch, so that a stop loses no more than
 * one. What another fetch brings at this moment is left to that.
 */
export async function takeIn(
  objects: ObjectStore,
  brought: AsyncIterable<BundleObject>,
): Promise<void> {
  const staged = new Map<Digest, () => void>()
  let bytes = 0
  try {
    for await (const object of brought) {
      const end = await turnOf(objects, object.digest)
      if (end === undefined) continue
      await stageOrEnd(objects, object, end)
      staged.set(object.digest, end)
      bytes += object.length
      if (staged.size < batch.objects && bytes < batch.bytes) continue
      await admitAll(objects, staged)
      staged.clear()
      bytes = 0
    }
  } finally {
    await admitAll(objects, staged)
  }
}

/** How to end one's turn with an object that is not here, and that nobody else brings. */
export async function turnOf(
  objects: ObjectStore,
  digest: Digest,
): Promise<(() => void) | undefined> {
  return (await objects.find(digest)) ? undefined : objects.turns.take(digest)
}

async function stageOrEnd(
  objects: ObjectStore,
  { digest, content }: BundleObject,
  end: () => void,
): Promise<void> {
  try {
    await objects.stage(digest, content)
  } catch (error) {
    end()
    throw error
  }
}

/** Makes objects of what was staged, and ends the turns. */
export async function admitAll(
  objects: ObjectStore,
  staged: ReadonlyMap<Digest, () => void>,
): Promise<void> {
  try {
    await objects.admit([...staged.keys()])
  } finally {
    for (const end of staged.values()) end()
  }
}
