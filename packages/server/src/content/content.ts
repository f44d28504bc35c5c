import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, toHexDigest } from '@steadfleet/base'
import { ifThere, removeLeftovers } from '../disk/durable.ts'
import type { BucketPlace } from './bucket.ts'
import { type ContentWorker, startContentWorker } from './content-worker.ts'
import { type KeptObjects, type ObjectStore, openObjects } from './object-store.ts'
import { openUploads, type Uploads } from './uploads.ts'

/** All that is stored as content: objects, bundles made of them, and bundles on their way in. */
export interface Content extends AsyncDisposable {
  readonly objects: KeptObjects
  readonly uploads: Uploads
  readonly bundlesFolder: string
  /** The file of a bundle in its folder; made on first demand, kept after that. */
  bundleFile(tree: Digest, from: Digest | undefined): Promise<string>
  /** Brings a tree and all its files here, where they lie elsewhere. */
  treeHere(tree: Digest): Promise<void>
}

/** With a bucket, what the folder has is a copy of what was used: all is in the bucket. */
export async function openContent(folder: string, bucket?: BucketPlace): Promise<Content> {
  const local = openObjects(join(folder, 'objects'))
  const bundlesFolder = join(folder, 'bundles')
  for (const path of [local.folder, bundlesFolder]) await mkdir(path, { recursive: true })
  await removeLeftovers(bundlesFolder, '.new')
  await using opened = new AsyncDisposableStack()
  const worker = opened.use(startContentWorker({ objects: local.folder, bucket }))
  if (bucket) await worker.run({ shareFolder: toName(bucket) })
  const uploads = await openUploads({
    folder: join(folder, 'uploads'),
    objects: local.folder,
    worker,
  })
  const kept = opened.move()
  return {
    objects: bucket ? withBucket(local, worker) : alone(local),
    uploads,
    bundlesFolder,
    bundleFile: makeBundler(worker, local, bundlesFolder),
    treeHere: async tree => bucket && void (await worker.run({ bringTree: tree })),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** What tells one bucket from another: a folder that was put into one is not in the other. */
function toName(place: BucketPlace): string {
  if ('folder' in place) return place.folder
  return `${place.endpoint ?? ''} ${place.bucket} ${place.prefix}`
}

function alone(local: ObjectStore): KeptObjects {
  return { ...local, here: async () => undefined, keep: async () => undefined }
}

function withBucket(local: ObjectStore, worker: ContentWorker): KeptObjects {
  const here = async (digest: Digest): Promise<void> => {
    if ((await local.lengthOf(digest)) === undefined) await worker.run({ bring: [digest] })
  }
  return {
    ...local,
    here,
    keep: async (digest, path) => void (await worker.run({ share: { digest, path } })),
    lengthOf: async digest => (await local.lengthOf(digest)) ?? worker.run({ lengthOf: digest }),
    async read(digest) {
      await here(digest)
      return local.read(digest)
    },
    async *stream(digest) {
      await here(digest)
      yield* local.stream(digest)
    },
  }
}

function makeBundler(
  worker: ContentWorker,
  objects: ObjectStore,
  folder: string,
): Content['bundleFile'] {
  const underWay = new Map<string, Promise<unknown>>()
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
