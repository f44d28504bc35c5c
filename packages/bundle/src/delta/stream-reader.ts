import { constants, createBrotliDecompress } from 'node:zlib'
import { BundleError } from '../error.ts'
import { type Bytes, through } from '../zstd.ts'
import type { ByteSource } from './byte-source.ts'

const chunkLength = 65_536
/** The longest number has eight bytes: 2⁵³ - 1 is the greatest. */
export const longestVarint = 8

/** A stretch of a delta that holds one compressed stream, and how much that unpacks to. */
export interface StreamPlace {
  readonly name: string
  readonly position: number
  readonly packed: number
  readonly length: number
}

/** Reads one stream of a delta from its beginning; it holds a chunk and the window of brotli. */
export class StreamReader {
  readonly #place: StreamPlace
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  /** Bytes that are unpacked neither into the chunk nor before. */
  #left: number

  constructor(delta: ByteSource, place: StreamPlace) {
    this.#place = place
    this.#source = unpack(piecesOf(delta, place), place.name)[Symbol.asyncIterator]()
    this.#left = place.length
  }

  /** Whether `count` bytes can be taken at once, or all that there are. */
  has(count: number): boolean {
    return this.#chunk.length - this.#at >= count || this.#left === 0
  }

  /** Unpacks until {@link has} is true. */
  async fill(count: number): Promise<void> {
    while (!this.has(count)) {
      const next = await this.#source.next()
      if (next.done) throw this.#fault('bundle/cut', `ends ${this.#left} bytes early`)
      if (next.value.length > this.#left) throw this.#fault('bundle/excess', 'is longer than said')
      this.#left -= next.value.length
      const rest = this.#chunk.subarray(this.#at)
      this.#chunk = rest.length === 0 ? next.value : Buffer.concat([rest, next.value])
      this.#at = 0
    }
  }

  byte(): number {
    const byte = this.#chunk[this.#at++]
    if (byte === undefined) throw this.#fault('bundle/instructions', 'has too few bytes')
    return byte
  }

  varint(): number {
    let value = 0
    for (let i = 0, worth = 1; i < longestVarint; i++, worth *= 128) {
      const byte = this.byte()
      value += (byte & 127) * worth
      if (byte < 128 && value <= Number.MAX_SAFE_INTEGER) return value
    }
    throw this.#fault('bundle/instructions', 'holds a number above 2^53')
  }

  signed(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** The next 1 to `limit` bytes of those that are unpacked. */
  some(limit: number): Uint8Array {
    const piece = this.#chunk.subarray(this.#at, this.#at + limit)
    if (piece.length === 0) throw this.#fault('bundle/instructions', 'has too few bytes')
    this.#at += piece.length
    return piece
  }

  /** Refuses a stream of which something is left. */
  async finish(): Promise<void> {
    const isUsed = this.#left === 0 && this.#at === this.#chunk.length
    if (!isUsed) throw this.#fault('bundle/instructions', 'holds more than was asked of it')
    const next = this.#place.packed === 0 ? { done: true } : await this.#source.next()
    if (!next.done) throw this.#fault('bundle/excess', 'is longer than said')
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }

  #fault(code: 'bundle/cut' | 'bundle/excess' | 'bundle/instructions', fact: string): BundleError {
    const stream = this.#place.name
    return new BundleError(code, `cannot apply delta: its stream ${stream} ${fact}`, { stream })
  }
}

/** RFC 7932 §9.1: the window that a stream asks for, in bytes, from its first one. */
export function windowOf(first: number): number {
  if ((first & 1) === 0) return 2 ** 16
  const wide = (first >> 1) & 7
  if (wide !== 0) return 2 ** (17 + wide)
  const narrow = (first >> 4) & 7
  return 2 ** (narrow === 0 ? 17 : 8 + narrow)
}

async function* piecesOf(delta: ByteSource, place: StreamPlace): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < place.packed; at += chunkLength) {
    yield await delta.read(place.position + at, Math.min(chunkLength, place.packed - at))
  }
}

async function* unpack(source: Bytes, stream: string): AsyncGenerator<Uint8Array> {
  const options = {
    chunkSize: chunkLength,
    params: { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 0 },
  }
  try {
    yield* through(createBrotliDecompress(options), source)
  } catch (cause) {
    throw faultOf(cause, stream)
  }
}

/** What zlib says of damage, in this package's codes; a fault of the source passes as it is. */
function faultOf(cause: unknown, stream: string): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'Z_BUF_ERROR') {
    const message = `cannot apply delta: its stream ${stream} is cut short`
    return new BundleError('bundle/cut', message, { stream }, { cause })
  }
  if (!/^ERR_(_|BROTLI|ZLIB)/.test(code)) return cause
  const message = `cannot apply delta: its stream ${stream} is damaged (${code})`
  return new BundleError('bundle/corrupt', message, { stream }, { cause })
}
