import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { type Digest, digestFromHex } from '@steadfleet/base'
import { PackError } from './error.ts'

const chunkLength = 1024 * 1024

/** The content of a file, in pieces of its own each: a compressor may still hold the one before. */
export async function* readInPieces(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path, 'r')
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkLength))
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/** Digest and length of a file that does not change while it is read. */
export async function hashFile(path: Buffer): Promise<{ digest: Digest; size: number }> {
  await using file = await open(path, 'r')
  const before = await file.stat()
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafeSlow(Math.min(chunkLength, before.size + 1))
  let size = 0
  for (;;) {
    const { bytesRead } = await file.read(piece)
    if (bytesRead === 0) break
    hash.update(piece.subarray(0, bytesRead))
    size += bytesRead
  }
  refuseChange(path, before, await file.stat(), size)
  return { digest: digestFromHex(hash.digest('hex')), size }
}

function refuseChange(path: Buffer, before: Stats, after: Stats, size: number): void {
  if (before.mtimeMs === after.mtimeMs && before.size === after.size && size === after.size) return
  throw new PackError('pack/changed', `cannot pack ${path}: it changes while it is read`)
}
