import { type Form, forms, type Reference } from './forms.ts'
import { addressOf, type Segment } from './layout.ts'

/** Places in some bytes that refer to an address, each with the form in which it does. */
export class Sites {
  #at = new Int32Array(1024)
  #form = new Uint8Array(1024)
  #other = new Int32Array(1024)
  #room = new Int32Array(0)
  readonly #reference: { -readonly [Key in keyof Reference]: Reference[Key] } = {
    bytes: new Uint8Array(0),
    at: 0,
    form: forms.rel,
    other: -1,
    address: -1,
  }
  count = 0

  clear(): void {
    this.count = 0
  }

  /** `other` is the place of the instruction that has the other half of the address, -1 for none. */
  add(at: number, form: Form, other = -1): void {
    if (this.count === this.#at.length) this.#grow()
    this.#at[this.count] = at
    this.#form[this.count] = form
    this.#other[this.count++] = other
  }

  /** Room for a number of each site: the same at each call, unless there are more sites. */
  room(): Int32Array {
    if (this.#room.length < this.count) this.#room = new Int32Array(this.#at.length)
    return this.#room
  }

  at(index: number): number {
    return this.#at[index] ?? 0
  }

  form(index: number): Form {
    return (this.#form[index] ?? 0) as Form
  }

  other(index: number): number {
    return this.#other[index] ?? -1
  }

  /**
   * A site in `bytes`, which stand in a file from `start` on; valid until the next is asked for,
   * since millions are.
   */
  reference(
    index: number,
    bytes: Uint8Array,
    start: number,
    segments: readonly Segment[],
  ): Reference {
    const reference = this.#reference
    reference.bytes = bytes
    reference.at = this.at(index)
    reference.form = this.form(index)
    reference.other = this.other(index)
    reference.address = addressOf(segments, start + reference.at)
    return reference
  }

  /** Names the second half of an address whose first half was added before. */
  pair(index: number, other: number): void {
    this.#other[index] = other
  }

  #grow(): void {
    const [at, other] = [this.#at, this.#other].map(held => {
      const grown = new Int32Array(this.count * 2)
      grown.set(held)
      return grown
    })
    const form = new Uint8Array(this.count * 2)
    form.set(this.#form)
    this.#at = at ?? this.#at
    this.#other = other ?? this.#other
    this.#form = form
  }
}
