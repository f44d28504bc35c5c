import type { ByteSource } from './byte-source.ts'

const blockLength = 65_536
const mostBlocks = 16

/** Reads an old object here and there, through the blocks of it that were read last: 1 MiB of them. */
export class OldReader {
  readonly length: number
  readonly #source: ByteSource
  readonly #blocks = new Map<number, Uint8Array>()

  constructor(source: ByteSource) {
    this.length = source.length
    this.#source = source
  }

  /** A copy of `length` bytes from `position` on. */
  async copy(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const at = position + done
      const start = at - (at % blockLength)
      const block = this.#blocks.get(start) ?? (await this.#load(start))
      const part = block.subarray(at - start, at - start + length - done)
      bytes.set(part, done)
      done += part.length
    }
    return bytes
  }

  async #load(start: number): Promise<Uint8Array> {
    const block = await this.#source.read(start, Math.min(blockLength, this.length - start))
    const [oldest] = this.#blocks.keys()
    if (this.#blocks.size >= mostBlocks && oldest !== undefined) this.#blocks.delete(oldest)
    this.#blocks.set(start, block)
    return block
  }
}
