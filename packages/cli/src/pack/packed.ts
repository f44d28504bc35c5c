import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { type Digest, digestFromHex, digestOf, parseStrictJson } from '@steadfleet/base'
import {
  type BundleObject,
  type Bytes,
  makeHeader,
  openBundle,
  writeBundle,
} from '@steadfleet/bundle'
import { parseReleaseRecord } from '@steadfleet/domain'
import { PackError } from './error.ts'
import { readInPieces } from './hash.ts'
import type { ObjectContent } from './object-content.ts'
import type { PackedRelease } from './pack.ts'
import { ContentStore } from './store.ts'

/**
 * A packed release as one bundle: all its objects, or of them those that `wanted` has, which is how
 * a publisher sends a server only what it lacks.
 */
export function bundleOf(
  result: Pick<PackedRelease, 'objects' | 'treeDigest' | 'recordDigest'>,
  wanted?: { has(digest: Digest): boolean },
): AsyncIterable<Uint8Array> {
  const chosen = [...result.objects].filter(([digest]) => wanted?.has(digest) ?? true)
  const refs = chosen.map(([digest, { length }]) => ({ digest, length }))
  const header = { ...makeHeader(result.treeDigest, refs), record: result.recordDigest }
  return writeBundle(chosen.map(toBundleObject), header)
}

function toBundleObject([digest, content]: readonly [Digest, ObjectContent]): BundleObject {
  return { digest, length: content.length, content: bytesOf(content) }
}

function bytesOf(content: ObjectContent): Bytes {
  return 'bytes' in content ? once(content.bytes) : readInPieces(content.file)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** What was written: its digest names an upload. */
export interface WrittenBundle {
  readonly digest: Digest
  readonly length: number
}

/** Writes a packed release to a file, as {@link bundleOf} makes it. */
export async function writePacked(
  result: Parameters<typeof bundleOf>[0],
  file: string,
  wanted?: { has(digest: Digest): boolean },
): Promise<WrittenBundle> {
  await using handle = await open(file, 'w')
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of bundleOf(result, wanted)) {
    hash.update(chunk)
    length += chunk.length
    await handle.writeFile(chunk)
  }
  return { digest: digestFromHex(hash.digest('hex')), length }
}

/** More is no release that a device could take. */
const limits = { objects: 500_000, bytes: 64 * 1024 ** 3 }

/** Bytes of the tree of a release that {@link writePacked} wrote; only its beginning is read. */
export async function sizeInPacked(file: string): Promise<number> {
  const { header, objects } = await openBundle(readInPieces(file), limits)
  for await (const { digest, content } of objects) {
    if (digest !== header.record) break
    const pieces: Uint8Array[] = []
    for await (const piece of content) pieces.push(Uint8Array.from(piece))
    return parseReleaseRecord(parseStrictJson(Buffer.concat(pieces))).size
  }
  throw new PackError('pack/bundle', `cannot take bundle ${file}: it has no release record`, {
    file,
  })
}

/** A packed release out of the file that {@link writePacked} wrote; its objects are laid into `folder`. */
export async function readPacked(file: string, folder: string): Promise<PackedRelease> {
  const { header, objects } = await openBundle(readInPieces(file), limits)
  const store = new ContentStore(folder)
  const laid = new Map<Digest, ObjectContent>()
  for await (const { digest, length, content } of objects) {
    await store.put(content)
    laid.set(digest, { length, file: store.pathOf(digest) })
  }
  const read = async (what: string, digest: Digest | undefined): Promise<Uint8Array> => {
    if (digest && laid.has(digest)) return readFile(store.pathOf(digest))
    throw new PackError('pack/bundle', `cannot take bundle ${file}: it has no ${what}`, { file })
  }
  const record = await read('release record', header.record)
  const release = parseReleaseRecord(parseStrictJson(record))
  return {
    release,
    record,
    recordDigest: digestOf(record),
    treeDigest: release.tree.digest,
    provenance: await read('provenance', release.provenance.digest),
    objects: laid,
    footprint: laid.values().reduce((sum, { length }) => sum + length, 0),
  }
}
