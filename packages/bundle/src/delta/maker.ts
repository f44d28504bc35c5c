import { BundleError } from '../error.ts'
import { segmentLength } from './instructions.ts'
import type { OldReader } from './old-reader.ts'
import { longestVarint, type StreamReader } from './stream-reader.ts'
import type { StreamName } from './streams.ts'

/** Old bytes to copy and mend, and how many new ones follow. */
interface PieceToMake {
  readonly oldAt: number
  readonly copy: number
  readonly insert: number
}

/** Carries out the instructions of one object after another. */
export class Maker {
  readonly #streams: Readonly<Record<StreamName, StreamReader>>
  /** How many more old bytes stay as they are before the next is mended. */
  #gap = 0

  constructor(streams: Readonly<Record<StreamName, StreamReader>>) {
    this.#streams = streams
  }

  /** The next number of a stream. */
  async number(name: StreamName): Promise<number> {
    return (await this.#ready(name)).varint()
  }

  async signed(name: StreamName): Promise<number> {
    return (await this.#ready(name)).signed()
  }

  /** The bytes of an object of which nothing is old. */
  async *whole(size: number): AsyncGenerator<Uint8Array> {
    const { literal } = this.#streams
    for (let left = size; left > 0; ) {
      if (!literal.has(1)) await literal.fill(1)
      const piece = literal.some(left)
      left -= piece.length
      yield piece
    }
  }

  /** The bytes of an object that is made of `old`; without it they are passed over, and none come. */
  async *changed(size: number, oldLength: number, old?: OldReader): AsyncGenerator<Uint8Array> {
    this.#gap = await this.number('gap')
    let expected = 0
    for (let newAt = 0; newAt < size; ) {
      const piece = await this.#piece(expected, oldLength, size - newAt)
      if (old) yield* this.#copied(piece, old)
      else await this.#mend(piece.copy)
      for await (const literal of this.whole(piece.insert)) if (old) yield literal
      expected = piece.oldAt + piece.copy
      newAt += piece.copy + piece.insert
    }
    if (this.#gap !== 0) throw misled('it mends bytes beyond the end of an object')
  }

  async *#copied({ oldAt, copy }: PieceToMake, old: OldReader): AsyncGenerator<Uint8Array> {
    for (let done = 0; done < copy; done += segmentLength) {
      const bytes = await old.copy(oldAt + done, Math.min(segmentLength, copy - done))
      await this.#mend(bytes.length, bytes)
      yield bytes
    }
  }

  async #piece(expected: number, oldLength: number, most: number): Promise<PieceToMake> {
    const copy = await this.number('copy')
    const insert = await this.number('insert')
    const oldAt = expected + (await this.signed('seek'))
    if (copy + insert === 0 || copy + insert > most) {
      throw misled(`a piece has ${copy} and ${insert} bytes where ${most} are wanted`)
    }
    if (oldAt < 0 || oldAt + copy > oldLength) {
      throw misled(`a piece lies at ${oldAt} of an old object of ${oldLength} bytes`)
    }
    return { oldAt, copy, insert }
  }

  async #mend(length: number, bytes?: Uint8Array): Promise<void> {
    const { gap, residual } = this.#streams
    let at = 0
    for (; this.#gap < length - at; this.#gap = gap.varint()) {
      at += this.#gap
      if (!residual.has(1)) await residual.fill(1)
      if (!gap.has(longestVarint)) await gap.fill(longestVarint)
      const by = residual.byte()
      if (bytes) bytes[at] = (bytes[at] ?? 0) + by
      at++
    }
    this.#gap -= length - at
  }

  async #ready(name: StreamName): Promise<StreamReader> {
    const stream = this.#streams[name]
    if (!stream.has(longestVarint)) await stream.fill(longestVarint)
    return stream
  }
}

export function misled(fact: string): BundleError {
  return new BundleError('bundle/instructions', `cannot apply delta: ${fact}`)
}
