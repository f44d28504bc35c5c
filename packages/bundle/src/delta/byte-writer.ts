/** Bytes that grow at their end. */
export class ByteWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Seven bits a byte, the least significant first; all but the last byte have the high bit. */
  varint(value: number): void {
    let left = value
    for (; left >= 128; left = Math.floor(left / 128)) this.byte((left % 128) | 128)
    this.byte(left)
  }

  /** Numbers near zero are short: 0, -1, 1, -2, … are written as 0, 1, 2, 3, … */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  /** What was written so far, valid until more is. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    grown.set(this.bytes())
    this.#bytes = grown
  }
}
