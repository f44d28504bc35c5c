import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, toHexDigest } from '@steadfleet/base'
import { ifThere, removeLeftovers } from '../disk/durable.ts'
import { type ContentWorker, startContentWorker } from './content-worker.ts'
import { type ObjectStore, openObjects } from './object-store.ts'
import { openUploads, type Uploads } from './uploads.ts'

/** All that is stored as content: objects, bundles made of them, and bundles on their way in. */
export interface Content extends AsyncDisposable {
  readonly objects: ObjectStore
  readonly uploads: Uploads
  readonly bundlesFolder: string
  /** The file of a bundle in its folder; made on first demand, kept after that. */
  bundleFile(tree: Digest, from: Digest | undefined): Promise<string>
}

export async function openContent(folder: string): Promise<Content> {
  const objects = openObjects(join(folder, 'objects'))
  const bundlesFolder = join(folder, 'bundles')
  const worker = startContentWorker()
  for (const path of [objects.folder, bundlesFolder]) await mkdir(path, { recursive: true })
  await removeLeftovers(bundlesFolder, '.new')
  return {
    objects,
    uploads: await openUploads({
      folder: join(folder, 'uploads'),
      objects: objects.folder,
      worker,
    }),
    bundlesFolder,
    bundleFile: makeBundler(worker, objects, bundlesFolder),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  }
}

function makeBundler(
  worker: ContentWorker,
  objects: ObjectStore,
  folder: string,
): Content['bundleFile'] {
  const underWay = new Map<string, Promise<void>>()
  return async (tree, from) => {
    const name = from ? `${toHexDigest(tree)}-${toHexDigest(from)}` : toHexDigest(tree)
    const path = join(folder, name)
    if (await ifThere(stat(path))) return name
    const making =
      underWay.get(name) ??
      worker
        .run({ makeBundle: { objects: objects.folder, tree, from, path } })
        .finally(() => underWay.delete(name))
    underWay.set(name, making)
    await making
    return name
  }
}
