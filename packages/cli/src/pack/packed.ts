import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { type Digest, digestFromHex } from '@steadfleet/base'
import { type BundleObject, type Bytes, makeHeader, writeBundle } from '@steadfleet/bundle'
import { readInPieces } from './hash.ts'
import type { ObjectContent, PackResult } from './pack.ts'

/**
 * A packed release as one bundle: all its objects, or of them those that `wanted` has, which is how
 * a publisher sends a server only what it lacks.
 */
export function bundleOf(
  result: PackResult,
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
  result: PackResult,
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
