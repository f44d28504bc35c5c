import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Digest, digestFromHex, toHexDigest } from '@steadfleet/base'
import { openBundle } from '@steadfleet/bundle'
import { syncFileSystem, syncFolder } from '../disk/durable.ts'
import { ServerError } from '../error.ts'

export interface Explosion {
  /** The whole bundle, as it arrived. */
  readonly bundle: string
  readonly digest: Digest
  /** Where the objects go. */
  readonly objects: string
  /** An own folder for what is not checked yet, on the same file system. */
  readonly staging: string
  readonly limits: { readonly objects: number; readonly bytes: number }
}

/** Puts what was checked where it outlives this machine. */
export type Keep = (
  files: readonly { readonly digest: Digest; readonly path: string }[],
) => Promise<void>

/**
 * Stores a bundle's objects, all or none: each is checked as it is unpacked, all are on the disk
 * before the first gets its name, and all names are before this returns. `keep` comes before the names:
 * an object that is here is there too.
 */
export async function explode(job: Explosion, keep?: Keep): Promise<void> {
  await refuseOtherDigest(job)
  await rm(job.staging, { recursive: true, force: true })
  await mkdir(job.staging, { recursive: true })
  try {
    const { objects } = await openBundle(createReadStream(job.bundle), job.limits)
    for await (const { digest, content } of objects) {
      const path = join(job.staging, toHexDigest(digest))
      await pipeline(Readable.from(content), createWriteStream(path, { mode: 0o644 }))
    }
    await syncFileSystem(job.staging)
    await keep?.(await stagedIn(job.staging))
    await nameObjects(job)
  } finally {
    await rm(job.staging, { recursive: true, force: true })
  }
}

async function stagedIn(staging: string) {
  const names = await readdir(staging)
  return names.map(hex => ({ digest: digestFromHex(hex), path: join(staging, hex) }))
}

async function nameObjects({ staging, objects }: Explosion): Promise<void> {
  const folders = new Set<string>()
  for (const hex of await readdir(staging)) {
    const folder = join(objects, hex.slice(0, 2))
    if (!folders.has(folder)) await mkdir(folder, { recursive: true })
    folders.add(folder)
    await rename(join(staging, hex), join(folder, hex))
  }
  for (const folder of [...folders, objects]) await syncFolder(folder)
}

async function refuseOtherDigest({ bundle, digest }: Explosion): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(bundle)) hash.update(chunk)
  const found = digestFromHex(hash.digest('hex'))
  if (found === digest) return
  const message = `cannot take upload: its digest is ${found}, not ${digest}`
  throw new ServerError('content/wrong-digest', message, { expected: digest, found })
}
