import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type Digest,
  isCoded,
  parseDigest,
  sideBySide,
  toHexDigest,
  toUtf8,
} from '@steadfleet/base'
import { contentsOf, parseTree } from '@steadfleet/bundle'
import { ifThere, syncFileSystem, writeDurably } from '../disk/durable.ts'
import { ServerError } from '../error.ts'
import { filesBelow } from '../second/copy-files.ts'
import type { Bucket } from './bucket.ts'
import { openObjects } from './object-store.ts'

/** Objects of a folder that is a copy of a bucket's part that this machine had use of. */
export interface SharedObjects {
  readonly bucket: Bucket
  readonly folder: string
}

const sideways = 8
const tries = 3

/** The name of an object in a bucket. */
export function nameOf(digest: Digest): string {
  const hex = toHexDigest(digest)
  return `objects/${hex.slice(0, 2)}/${hex}`
}

/** Brings objects that are not here from the bucket; each is held against its digest before it has its name. */
export async function bring(shared: SharedObjects, digests: readonly Digest[]): Promise<void> {
  const { pathOf } = openObjects(shared.folder)
  await sideBySide(
    [...new Set(digests)],
    async digest => {
      const path = join(shared.folder, pathOf(digest))
      if (await ifThere(stat(path))) return
      await bringOne(shared.bucket, digest, path)
    },
    sideways,
  )
}

/** Brings a tree and all files of it. */
export async function bringTree(shared: SharedObjects, tree: Digest): Promise<void> {
  await bring(shared, [tree])
  const { entries } = parseTree(await openObjects(shared.folder).read(tree))
  const files = entries.flatMap(one => (one.kind === 'file' ? [one.digest] : []))
  await bring(shared, files)
}

/** Brings what the bundle of a tree is made of: all of it, or what another tree lacks. */
export async function bringContents(
  shared: SharedObjects,
  tree: Digest,
  from: Digest | undefined,
): Promise<void> {
  const objects = openObjects(shared.folder)
  await bring(shared, from ? [tree, from] : [tree])
  const base = from && parseTree(await objects.read(from))
  const contents = contentsOf(parseTree(await objects.read(tree)), base)
  await bring(
    shared,
    contents.map(one => one.digest),
  )
}

async function bringOne(bucket: Bucket, digest: Digest, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${randomUUID()}.new`
  try {
    const found = await fetchWhole(bucket, nameOf(digest), draft)
    // What is not there is said by whoever asked for it.
    if (found === undefined) return
    if (found !== toHexDigest(digest)) {
      const message = `cannot take object ${digest} from the object store: it holds other bytes`
      throw new ServerError('content/store-damaged', message, { digest })
    }
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Writes what the bucket holds to a file; what breaks off goes on where it was. Gives its digest in hex. */
async function fetchWhole(
  bucket: Bucket,
  name: string,
  draft: string,
): Promise<string | undefined> {
  for (let turn = 1; ; turn += 1) {
    const held = (await ifThere(stat(draft)))?.size ?? 0
    try {
      const body = await bucket.read(name, held)
      if (!body) return undefined
      await append(draft, body)
      return await hexDigestOf(draft)
    } catch (cause) {
      if (turn === tries || !isCoded(cause, 'content/store-unreachable')) throw cause
    }
  }
}

/** Each piece is in the file before the next is asked for: what came before a break is kept. */
async function append(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'a')
  for await (const piece of body) await file.writeFile(piece)
  await file.sync()
}

async function hexDigestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** Puts files of this machine into the bucket, those that are not there yet. */
export async function share(
  { bucket }: SharedObjects,
  files: readonly { readonly digest: Digest; readonly path: string }[],
): Promise<void> {
  await sideBySide(
    files,
    async ({ digest, path }) => {
      const { size } = await stat(path)
      if ((await bucket.lengthOf(nameOf(digest))) === size) return
      await bucket.put(nameOf(digest), path)
    },
    sideways,
  )
}

/** A folder that was a server's own becomes a copy: once, all that it holds is put into the bucket. */
export async function shareFolder(shared: SharedObjects, bucketName: string): Promise<void> {
  const note = join(shared.folder, '..', 'objects.shared')
  if ((await ifThere(readFile(note, 'utf8'))) === bucketName) return
  const paths = (await filesBelow(shared.folder)).map(path => ({
    digest: parseDigest(`sha256:${path.slice(3)}`),
    path: join(shared.folder, path),
  }))
  await share(shared, paths)
  await syncFileSystem(shared.folder)
  await writeDurably(note, toUtf8(bucketName))
}
