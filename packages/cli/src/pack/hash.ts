import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Digest, digestFromHex } from '@steadfleet/base'
import { PackError } from './error.ts'

const chunkLength = 1024 * 1024

/** The content of a file, in pieces; never more than one piece is in memory. */
export async function* readInPieces(path: string | Buffer): AsyncGenerator<Uint8Array> {
  await using file = await open(path, 'r')
  yield* piecesOf(file)
}

/** Digest and length of a file that does not change while it is read. */
export async function hashFile(path: Buffer): Promise<{ digest: Digest; size: number }> {
  await using file = await open(path, 'r')
  const before = await file.stat()
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of piecesOf(file)) {
    hash.update(piece)
    size += piece.length
  }
  refuseChange(path, before, await file.stat(), size)
  return { digest: digestFromHex(hash.digest('hex')), size }
}

/** Each piece is a buffer of its own: a compressor may still hold the one before. */
async function* piecesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(new Uint8Array(chunkLength), 0, chunkLength)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

function refuseChange(path: Buffer, before: Stats, after: Stats, size: number): void {
  if (before.mtimeMs === after.mtimeMs && before.size === after.size && size === after.size) return
  throw new PackError('pack/changed', `cannot pack ${path}: it changes while it is read`)
}
