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

  /** Fills `bytes` with those from `position` on. */
  async copy(position: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const at = position + done
      const start = at - (at % blockLength)
      const block = this.#blocks.get(start) ?? (await this.#load(start))
      const part = block.subarray(at - start, at - start + bytes.length - done)
      bytes.set(part, done)
      done += part.length
    }
  }

  /** In the memory of the block that goes for it: garbage of this size is collected late. */
  async #load(start: number): Promise<Uint8Array> {
    const length = Math.min(blockLength, this.length - start)
    const [oldest] = this.#blocks.size < mostBlocks ? [] : this.#blocks
    if (oldest) this.#blocks.delete(oldest[0])
    const into = oldest && oldest[1].length >= length ? oldest[1] : undefined
    const block = await this.#source.read(start, length, into)
    this.#blocks.set(start, block)
    return block
  }
}
