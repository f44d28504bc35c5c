import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ifThere, removeIfThere, syncFolder } from '../disk/durable.ts'

/** Where content lies that outlives this machine's disk: whole files by name, which never change. */
export interface Bucket {
  lengthOf(name: string): Promise<number | undefined>
  /** The bytes from `start` on, or undefined where there is no such name. */
  read(name: string, start: number): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Puts the whole file at `path`; resolves when it will not be lost. */
  put(name: string, path: string): Promise<void>
}

/** How a bucket is reached: a folder that several machines share, or an S3 interface. */
export type BucketPlace =
  | { readonly folder: string }
  | {
      readonly bucket: string
      /** Before each name; empty, or ending in a slash. */
      readonly prefix: string
      readonly region: string
      /** Of a store that is not the one of Amazon. */
      readonly endpoint?: string | undefined
      /** Without one the environment of the server says it, as the SDK of S3 reads it. */
      readonly key?: { readonly id: string; readonly secret: string } | undefined
    }

/** Opens a bucket. The SDK of S3 costs 40 MB and a quarter second, so it is loaded where it is needed alone. */
export async function openBucket(place: BucketPlace): Promise<Bucket> {
  if ('folder' in place) return openFolderBucket(place.folder)
  const { openS3Bucket } = await import('./s3-bucket.ts')
  return openS3Bucket(place)
}

function openFolderBucket(folder: string): Bucket {
  const lengthOf = async (name: string): Promise<number | undefined> =>
    (await ifThere(stat(join(folder, name))))?.size
  return {
    lengthOf,
    async read(name, start) {
      if ((await lengthOf(name)) === undefined) return undefined
      return createReadStream(join(folder, name), { start })
    },
    async put(name, path) {
      const to = join(folder, name)
      const draft = `${to}.new`
      await mkdir(dirname(to), { recursive: true })
      try {
        await pipeline(createReadStream(path), createWriteStream(draft, { flush: true }))
        await rename(draft, to)
      } finally {
        await removeIfThere(draft)
      }
      await syncFolder(dirname(to))
    },
  }
}
