import { align, type Piece } from './align.ts'
import type { ByteSource } from './byte-source.ts'
import { encode } from './instructions.ts'
import type { Streams } from './streams.ts'
import { SuffixIndex } from './suffix-index.ts'

/** What makes one object of another. */
export interface Changes {
  readonly streams: Streams
  /** Whether the old bytes are predicted as machine code before they are mended. */
  readonly isCode: boolean
}

/** A suffix array takes eleven bytes for each of the text; both texts and the result come on top. */
const memoryPerByte = 16

/** The instructions that make `next` of `old`. */
export async function changesOf(
  old: ByteSource,
  next: ByteSource,
  memory: number,
): Promise<Changes> {
  const window = Math.max(1 << 20, Math.floor(memory / memoryPerByte))
  const oldBytes = await old.read(0, old.length)
  const newBytes = await next.read(0, next.length)
  const pieces: Piece[] = []
  for (let at = 0; at < newBytes.length; at += window) {
    const part = newBytes.subarray(at, at + window)
    const start = windowStart(at, oldBytes.length, newBytes.length, window)
    const oldPart = oldBytes.subarray(start, start + window)
    for (const piece of align(oldPart, part, new SuffixIndex(oldPart))) {
      pieces.push({ ...piece, oldAt: piece.oldAt + start, newAt: piece.newAt + at })
    }
  }
  return { streams: encode(oldBytes, newBytes, pieces), isCode: false }
}

/** The old window about where the new one would stand if the file had grown evenly. */
function windowStart(at: number, oldLength: number, newLength: number, window: number): number {
  const middle = ((at + window / 2) / Math.max(newLength, window)) * oldLength
  return Math.max(0, Math.min(oldLength - window, Math.round(middle - window / 2)))
}
