import { align, type Piece } from './align.ts'
import type { ByteSource } from './byte-source.ts'
import { layoutOf } from './elf/layout.ts'
import type { Moves } from './elf/moves.ts'
import { CodePredictor } from './elf/predictor.ts'
import { viewOf } from './elf/view.ts'
import { vote } from './elf/vote.ts'
import { encode } from './instructions.ts'
import type { DeltaOptions } from './options.ts'
import { type PackedStream, packRoughly } from './pack.ts'
import { isMadeBy } from './proof.ts'
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
  { memory, predicts }: Required<DeltaOptions>,
): Promise<Changes> {
  const window = Math.max(1 << 20, Math.floor(memory / memoryPerByte))
  const fits = Math.max(old.length, next.length) <= window
  const code = fits && predicts ? await codeChangesOf(old, next) : undefined
  if (code) return code
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

/** The same for two programs of one machine; predicted where that is proved and smaller. */
async function codeChangesOf(old: ByteSource, next: ByteSource): Promise<Changes | undefined> {
  const oldLayout = await layoutOf(old)
  const newLayout = await layoutOf(next)
  if (!oldLayout || !newLayout || oldLayout.machine !== newLayout.machine) return undefined
  const oldBytes = await old.read(0, old.length)
  const newBytes = await next.read(0, next.length)
  const oldView = viewOf(oldBytes, oldLayout)
  const pieces = align(oldView, viewOf(newBytes, newLayout), new SuffixIndex(oldView))
  const moves = vote(
    { bytes: oldBytes, layout: oldLayout },
    { bytes: newBytes, layout: newLayout },
    pieces,
  )
  const predicted = encode(oldBytes, newBytes, pieces, new CodePredictor(oldLayout, moves))
  addMoves(predicted, moves)
  const plain = encode(oldBytes, newBytes, pieces)
  const packed = packRoughly(predicted)
  const isSmaller = lengthOf(packed) < lengthOf(packRoughly(plain))
  const isCode = isSmaller && (await isMadeBy(packed, old, newBytes))
  return { streams: isCode ? predicted : plain, isCode }
}

function addMoves({ moves, shift }: Streams, found: Moves): void {
  moves.varint(found.length)
  let last = 0
  let lastBy = 0
  for (const [from, by] of found.entries()) {
    moves.varint(from - last)
    shift.signed(by - lastBy)
    last = from
    lastBy = by
  }
}

function lengthOf(streams: readonly PackedStream[]): number {
  return streams.reduce((sum, { packed }) => sum + packed.length, 0)
}

/** The old window about where the new one would stand if the file had grown evenly. */
function windowStart(at: number, oldLength: number, newLength: number, window: number): number {
  const middle = ((at + window / 2) / Math.max(newLength, window)) * oldLength
  return Math.max(0, Math.min(oldLength - window, Math.round(middle - window / 2)))
}
