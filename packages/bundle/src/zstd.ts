import {
  constants,
  type createBrotliDecompress,
  createZstdCompress,
  createZstdDecompress,
} from 'node:zlib'
import { BundleError } from './error.ts'

export type Bytes = AsyncIterable<Uint8Array>

/** 8 MiB: what a reader must hold to look back, and so what a device must be able to spare. */
const windowLog = 23

/** One zstd frame of `source`, with a checksum at its end. RFC 8878 */
export function compress(source: Bytes, level: number): Bytes {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_windowLog]: windowLog,
    [constants.ZSTD_c_checksumFlag]: 1,
  }
  return through(createZstdCompress({ params }), source)
}

/** The content of one zstd frame. A window above 8 MiB and bytes after the frame are refused. */
export async function* decompress(source: Bytes): AsyncGenerator<Uint8Array> {
  const params = { [constants.ZSTD_d_windowLogMax]: windowLog }
  try {
    yield* through(createZstdDecompress({ params }), source)
  } catch (cause) {
    throw faultOf(cause)
  }
}

type Codec = ReturnType<typeof createZstdCompress> | ReturnType<typeof createBrotliDecompress>

/** Feeds `source` no faster than the output is taken; an end or fault on either side ends both. */
export async function* through(codec: Codec, source: Bytes): AsyncGenerator<Uint8Array> {
  const feeding = feed(codec, source)
  try {
    for await (const chunk of codec) yield chunk
  } finally {
    codec.destroy()
  }
  const fed = await feeding
  // The codec ends where its frame does and leaves what follows unread.
  if (fed === undefined || codec.bytesWritten < fed) {
    throw new BundleError('bundle/excess', 'cannot read bundle: bytes follow its compressed frame')
  }
}

/**
 * How many bytes `source` gave, or undefined when the codec took no more before the source ended.
 * Never rejects: a fault of the source reaches the reader as the fault of the codec.
 */
async function feed(codec: Codec, source: Bytes): Promise<number | undefined> {
  let fed = 0
  try {
    for await (const chunk of source) {
      if (!(await write(codec, chunk))) return undefined
      fed += chunk.length
    }
    codec.end()
  } catch (cause) {
    codec.destroy(cause instanceof Error ? cause : new Error('cannot read source', { cause }))
  }
  return fed
}

/** False when the codec takes no more, because its reader left, it ended, or it met a fault. */
function write(codec: Codec, chunk: Uint8Array): Promise<boolean> {
  return new Promise(resolve => {
    codec.write(chunk, error => resolve(!error))
  })
}

/** What zlib says of damage, in this package's codes; a fault of the source passes as it is. */
function faultOf(cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'Z_BUF_ERROR') {
    return new BundleError('bundle/cut', 'cannot read bundle: it is cut short', {}, { cause })
  }
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    const message = 'cannot take bundle: its frame asks for a window above 8 MiB'
    return new BundleError('bundle/too-large', message, {}, { cause })
  }
  if (!code.startsWith('ZSTD_')) return cause
  const message = `cannot read bundle: its compressed frame is damaged (${code})`
  return new BundleError('bundle/corrupt', message, {}, { cause })
}
