import type { Piece } from './align.ts'
import { makeStreams, type Streams, streamNames } from './streams.ts'

/** Where a new file is cut: its pieces are predicted in segments that do not cross these places. */
export const segmentLength = 32_768
const firstSegmentLength = 1024

/** Where a segment ends that begins `done` bytes into a piece of `copy` bytes at `newAt`. */
export function segmentEnd(newAt: number, done: number, copy: number): number {
  const at = newAt + done
  const cut =
    at < firstSegmentLength ? firstSegmentLength : at - (at % segmentLength) + segmentLength
  return Math.min(copy, cut - newAt)
}

/** Changes old bytes of a piece to what they probably are in the new file. */
export interface Predictor {
  predict(bytes: Uint8Array, oldAt: number, newAt: number): void
  /** Takes bytes of the new file as they come to be known, in their order. */
  learn(bytes: Uint8Array, newAt: number): void
}

/** Writes the instructions that make `next` of `old`; the gap that is left when it ends is zeroed. */
export function encode(
  old: Uint8Array,
  next: Uint8Array,
  pieces: readonly Piece[],
  predictor?: Predictor,
): Streams {
  const streams = makeStreams()
  let expected = 0
  let gap = 0
  for (const { oldAt, newAt, copy, insert } of pieces) {
    streams.copy.varint(copy)
    streams.insert.varint(insert)
    streams.seek.signed(oldAt - expected)
    expected = oldAt + copy
    for (let done = 0; done < copy; ) {
      const end = segmentEnd(newAt, done, copy)
      const guess = new Uint8Array(old.subarray(oldAt + done, oldAt + end))
      const wanted = next.subarray(newAt + done, newAt + end)
      predictor?.predict(guess, oldAt + done, newAt + done)
      gap = mend(streams, guess, wanted, gap)
      predictor?.learn(wanted, newAt + done)
      done = end
    }
    const literal = next.subarray(newAt + copy, newAt + copy + insert)
    streams.literal.append(literal)
    predictor?.learn(literal, newAt + copy)
  }
  // The last byte that is mended is followed by as many unmended ones as there are left.
  streams.gap.varint(gap)
  return streams
}

function mend(streams: Streams, guess: Uint8Array, next: Uint8Array, before: number): number {
  let gap = before
  for (let i = 0; i < guess.length; i++) {
    const residual = ((next[i] ?? 0) - (guess[i] ?? 0)) & 255
    if (residual === 0) {
      gap++
      continue
    }
    streams.gap.varint(gap)
    streams.residual.byte(residual)
    gap = 0
  }
  return gap
}

/** Adds what one object has to what all have. */
export function appendStreams(to: Streams, from: Streams): void {
  for (const name of streamNames) to[name].append(from[name].bytes())
}
