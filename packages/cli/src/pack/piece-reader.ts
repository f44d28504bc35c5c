import { PackError } from './error.ts'

/** Reads a stream by lengths, and knows how far it has come. */
export class PieceReader {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)
  #position = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  get position(): number {
    return this.#position
  }

  /** Exactly so many bytes, gathered: they must be few. */
  async exactly(length: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this.take(length)) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  /** The next so many bytes, in the pieces in which they come. */
  async *take(length: number): AsyncGenerator<Uint8Array> {
    const end = this.#position + length
    while (this.#position < end) {
      const piece = await this.#some(end - this.#position)
      if (!piece) throw new PackError('pack/archive', 'cannot read archive: it is cut short')
      this.#position += piece.length
      yield piece
    }
  }

  async skipTo(end: number): Promise<void> {
    for await (const _ of this.take(end - this.#position));
  }

  /** Reads on to the end of the stream, so that its source can say how it ended. */
  async drain(): Promise<void> {
    while (await this.#some(Number.MAX_SAFE_INTEGER));
  }

  async #some(limit: number): Promise<Uint8Array | undefined> {
    while (this.#held.length === 0) {
      const next = await this.#source.next()
      if (next.done) return undefined
      this.#held = next.value
    }
    const piece = this.#held.subarray(0, limit)
    this.#held = this.#held.subarray(piece.length)
    return piece
  }
}
