import { brotliCompressSync, constants } from 'node:zlib'
import type { DeltaHeader } from './header.ts'
import { type StreamName, type Streams, streamNames, windows } from './streams.ts'

/** A stream on its way: how long it is, and what it was compressed to. */
export interface PackedStream {
  readonly name: StreamName
  readonly length: number
  readonly packed: Uint8Array
}

/** The streams that hold something, compressed, in their order. */
export function packStreams(streams: Streams): PackedStream[] {
  return packWith(streams, (bytes, window) => pack(bytes, window, 11))
}

/** The `streams` of a header. */
export function toStreamRefs(streams: readonly PackedStream[]): DeltaHeader['streams'] {
  return streams.map(({ name, length, packed }) => ({ name, length, packed: packed.length }))
}

/** The same in a hundredth of the time, for a guess of how long they come to be. */
export function packRoughly(streams: Streams): PackedStream[] {
  return packWith(streams, (bytes, window) => pack(bytes, Math.min(window, 18), 4))
}

function packWith(
  streams: Streams,
  packing: (bytes: Uint8Array, window: number) => Uint8Array,
): PackedStream[] {
  return streamNames.flatMap(name => {
    const bytes = streams[name].bytes()
    if (bytes.length === 0) return []
    return [{ name, length: bytes.length, packed: packing(bytes, windows[name]) }]
  })
}

function pack(bytes: Uint8Array, widest: number, quality: number): Uint8Array {
  const window = Math.min(widest, Math.max(10, Math.ceil(Math.log2(bytes.length + 16))))
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: window,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
}
