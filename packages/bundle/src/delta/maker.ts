import { BundleError } from '../error.ts'
import type { Piece } from './align.ts'
import type { Layout } from './elf/layout.ts'
import { Moves } from './elf/moves.ts'
import { CodePredictor } from './elf/predictor.ts'
import { type Predictor, segmentEnd, segmentLength } from './instructions.ts'
import type { OldReader } from './old-reader.ts'
import { longestVarint, type StreamReader } from './stream-reader.ts'
import type { StreamName } from './streams.ts'

/** More moves than this, 8 MiB of them, no file has. */
const mostMoves = 2 ** 20

/** Carries out the instructions of one object after another. */
export class Maker {
  readonly #streams: Readonly<Record<StreamName, StreamReader>>
  /** What is made of one segment after another. */
  readonly #scratch = new Uint8Array(segmentLength)
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

  /** The bytes of an object that is made of `old`; each piece is good until the next is asked for. */
  async *changed(size: number, old: OldReader, predictor?: Predictor): AsyncGenerator<Uint8Array> {
    for await (const { oldAt, copy, insert, newAt } of this.#pieces(size, old.length)) {
      for (let done = 0; done < copy; ) {
        const end = segmentEnd(newAt, done, copy)
        const bytes = this.#scratch.subarray(0, end - done)
        await old.copy(oldAt + done, bytes)
        predictor?.predict(bytes, oldAt + done, newAt + done)
        await this.#mend(bytes.length, bytes)
        predictor?.learn(bytes, newAt + done)
        yield bytes
        done = end
      }
      let at = newAt + copy
      for await (const bytes of this.whole(insert)) {
        predictor?.learn(bytes, at)
        at += bytes.length
        yield bytes
      }
    }
  }

  /** Passes over the instructions of an object that need not be made. */
  async skip(size: number, oldLength: number): Promise<void> {
    for await (const { copy, insert } of this.#pieces(size, oldLength)) {
      await this.#mend(copy)
      await exhaust(this.whole(insert))
    }
  }

  /** Reads where the targets of an object's code moved; it needs the layout of the old object. */
  async predictor(old: Layout | undefined): Promise<CodePredictor> {
    const moves = await this.moves()
    if (!old) throw misled('it holds code for an old object that is no program')
    return new CodePredictor(old, moves)
  }

  async moves(): Promise<Moves> {
    const count = await this.number('moves')
    if (count > mostMoves) throw misled(`an object has ${count} moves`)
    const from = new Int32Array(count)
    const by = new Int32Array(count)
    for (let i = 0; i < count; i++) {
      from[i] = (from[i - 1] ?? 0) + (await this.number('moves'))
      by[i] = (by[i - 1] ?? 0) + (await this.signed('shift'))
    }
    return new Moves(from, by)
  }

  async *#pieces(size: number, oldLength: number): AsyncGenerator<Piece> {
    this.#gap = await this.number('gap')
    let expected = 0
    for (let newAt = 0; newAt < size; ) {
      const piece = await this.#piece(expected, oldLength, newAt, size)
      yield piece
      expected = piece.oldAt + piece.copy
      newAt += piece.copy + piece.insert
    }
    if (this.#gap !== 0) throw misled('it mends bytes beyond the end of an object')
  }

  async #piece(expected: number, oldLength: number, newAt: number, size: number): Promise<Piece> {
    const copy = await this.number('copy')
    const insert = await this.number('insert')
    const oldAt = expected + (await this.signed('seek'))
    if (copy + insert === 0 || copy + insert > size - newAt) {
      throw misled(`a piece has ${copy} and ${insert} bytes where ${size - newAt} are wanted`)
    }
    if (oldAt < 0 || oldAt + copy > oldLength) {
      throw misled(`a piece lies at ${oldAt} of an old object of ${oldLength} bytes`)
    }
    return { oldAt, newAt, copy, insert }
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

/** Carries out instructions for what they do to the streams. */
export async function exhaust(made: AsyncGenerator<unknown>): Promise<void> {
  while (!(await made.next()).done);
}

export function misled(fact: string): BundleError {
  return new BundleError('bundle/instructions', `cannot apply delta: ${fact}`)
}
