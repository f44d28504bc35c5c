import { createHash } from 'node:crypto'
import { type Digest, digestFromHex } from '@steadfleet/base'
import type { Cursor } from './cursor.ts'
import { BundleError } from './error.ts'

/**
 * The bytes of one object as they leave a bundle. Whoever stops half-way leaves the rest to
 * {@link finish}: the next object begins where this one ends, and each is checked to its end.
 */
export class Content implements AsyncIterable<Uint8Array> {
  readonly #cursor: Cursor
  readonly #digest: Digest
  readonly #hash = createHash('sha256')
  #left: number
  #isChecked = false

  constructor(cursor: Cursor, digest: Digest, length: number) {
    this.#cursor = cursor
    this.#digest = digest
    this.#left = length
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = await this.#next()
      if (!piece) return
      yield piece
    }
  }

  /** Reads what its reader left, so that the digest is checked whoever cared for the content. */
  async finish(): Promise<void> {
    while (await this.#next());
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#left === 0) return this.#check()
    const piece = await this.#cursor.some(this.#left)
    if (!piece) {
      const message = `cannot read bundle: it ends ${this.#left} bytes before object ${this.#digest}`
      throw new BundleError('bundle/cut', message, { digest: this.#digest })
    }
    this.#hash.update(piece)
    this.#left -= piece.length
    return piece
  }

  #check(): undefined {
    if (this.#isChecked) return
    this.#isChecked = true
    const found = digestFromHex(this.#hash.digest('hex'))
    if (found === this.#digest) return
    const message = `cannot take object ${this.#digest}: its content is ${found}`
    throw new BundleError('bundle/digest', message, { digest: this.#digest, found })
  }
}
