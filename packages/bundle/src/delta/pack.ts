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
  return streamNames.flatMap(name => {
    const bytes = streams[name].bytes()
    if (bytes.length === 0) return []
    return [{ name, length: bytes.length, packed: pack(bytes, windows[name]) }]
  })
}

/** The `streams` of a header. */
export function toStreamRefs(streams: readonly PackedStream[]): DeltaHeader['streams'] {
  return streams.map(({ name, length, packed }) => ({ name, length, packed: packed.length }))
}

/** A guess of how many bytes these streams come to, in a hundredth of the time of packing them. */
export function roughLength(streams: Streams): number {
  const lengths = streamNames.map(name => pack(streams[name].bytes(), 18, 4).length)
  return lengths.reduce((sum, length) => sum + length, 0)
}

function pack(bytes: Uint8Array, widest: number, quality = 11): Uint8Array {
  const window = Math.min(widest, Math.max(10, Math.ceil(Math.log2(bytes.length + 16))))
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: window,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
}
