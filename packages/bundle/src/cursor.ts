import { BundleError } from './error.ts'
import type { Bytes } from './zstd.ts'

/** Reads a byte stream in pieces of chosen length; it holds one chunk, never more. */
export class Cursor {
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)

  constructor(source: Bytes) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next 1 to `limit` bytes, or undefined at the end. */
  async some(limit: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      const next = await this.#source.next()
      if (next.done) return undefined
      this.#chunk = next.value
    }
    const piece = this.#chunk.subarray(0, limit)
    this.#chunk = this.#chunk.subarray(piece.length)
    return piece
  }

  /** Exactly the next `length` bytes, which must be few: they are gathered. */
  async exactly(length: number): Promise<Uint8Array> {
    const gathered: Uint8Array[] = []
    for (let wanted = length; wanted > 0; ) {
      const piece = await this.some(wanted)
      if (!piece) throw new BundleError('bundle/cut', `cannot read bundle: ${wanted} bytes missing`)
      gathered.push(piece)
      wanted -= piece.length
    }
    return Buffer.concat(gathered, length)
  }

  /** What is left, as a stream. */
  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#chunk.length > 0) yield this.#chunk
    for (;;) {
      const next = await this.#source.next()
      if (next.done) return
      yield next.value
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }
}
