import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, toHexDigest } from '@steadfleet/base'
import { ifThere } from '../disk/durable.ts'
import { unknown } from '../error.ts'

/** Objects as files named by their digest; whoever put one there checked its digest first. */
export interface ObjectStore {
  readonly folder: string
  /** The file of an object, relative to the folder: `aa/aabb…`. */
  pathOf(digest: Digest): string
  lengthOf(digest: Digest): Promise<number | undefined>
  read(digest: Digest): Promise<Uint8Array>
  stream(digest: Digest): AsyncIterable<Uint8Array>
}

/** Objects that may also lie elsewhere, where several servers share them. */
export interface KeptObjects extends ObjectStore {
  /** Brings an object here from elsewhere, where it is not here; that it is nowhere is said by who reads it. */
  here(digest: Digest): Promise<void>
  /** Makes sure that a checked file will outlive this machine where it is to, before it gets its name. */
  keep(digest: Digest, path: string): Promise<void>
}

export function openObjects(folder: string): ObjectStore {
  const pathOf = (digest: Digest): string => {
    const hex = toHexDigest(digest)
    return join(hex.slice(0, 2), hex)
  }
  return {
    folder,
    pathOf,
    lengthOf: async digest => (await ifThere(stat(join(folder, pathOf(digest)))))?.size,
    async read(digest) {
      const bytes = await ifThere(readFile(join(folder, pathOf(digest))))
      if (bytes) return new Uint8Array(bytes)
      throw unknown('content/unknown', `object ${digest}`, { digest })
    },
    stream: digest => createReadStream(join(folder, pathOf(digest)), { highWaterMark: 1 << 18 }),
  }
}
