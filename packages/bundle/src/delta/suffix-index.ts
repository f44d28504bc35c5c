import { suffixArrayOf } from './suffix-array.ts'

/** Matches longer than this are as good as any: comparing further would cost more than it tells. */
const longestCompared = 4096

/** Finds where a text holds the longest beginning of another. */
export class SuffixIndex {
  readonly #text: Uint8Array
  readonly #order: Int32Array
  /** Where the suffixes that begin with each pair of bytes start in the order. */
  readonly #pairs: Int32Array
  /** Where {@link longest} found its match. */
  position = 0

  constructor(text: Uint8Array) {
    this.#text = text
    this.#order = suffixArrayOf(text)
    this.#pairs = pairsOf(text)
  }

  /** How many bytes of `wanted` from `at` on stand together in the text; `position` says where. */
  longest(wanted: Uint8Array, at: number): number {
    if (at + 1 >= wanted.length) return 0
    const pair = ((wanted[at] ?? 0) << 8) | (wanted[at + 1] ?? 0)
    const low = this.#pairs[pair] ?? 0
    const high = (this.#pairs[pair + 1] ?? 0) - 1
    if (high < low) return 0
    const length = this.#narrow(low, high, wanted, at)
    return length < 2 ? 0 : length
  }

  /** Halves the ranks until two neighbours are left, between which `wanted` would stand. */
  #narrow(from: number, to: number, wanted: Uint8Array, at: number): number {
    let low = from
    let high = to
    let lowLength = this.#common(low, wanted, at, 2)
    let highLength = this.#common(high, wanted, at, 2)
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      const length = this.#common(middle, wanted, at, Math.min(lowLength, highLength))
      if (this.#isBefore(middle, wanted, at, length)) {
        low = middle
        lowLength = length
      } else {
        high = middle
        highLength = length
      }
    }
    this.position = this.#order[lowLength >= highLength ? low : high] ?? 0
    return Math.max(lowLength, highLength)
  }

  #common(rank: number, wanted: Uint8Array, at: number, known: number): number {
    const text = this.#text
    const start = this.#order[rank] ?? 0
    const most = Math.min(text.length - start, wanted.length - at, longestCompared)
    let length = Math.min(known, most)
    while (length < most && text[start + length] === wanted[at + length]) length++
    return length
  }

  #isBefore(rank: number, wanted: Uint8Array, at: number, length: number): boolean {
    const start = (this.#order[rank] ?? 0) + length
    if (at + length >= wanted.length) return false
    return start >= this.#text.length || (this.#text[start] ?? 0) < (wanted[at + length] ?? 0)
  }
}

/** The one suffix of a single byte sorts before the pairs that begin with it, and is counted there. */
function pairsOf(text: Uint8Array): Int32Array {
  const starts = new Int32Array(65_537)
  for (let i = 0; i < text.length; i++) {
    const first = (text[i] ?? 0) << 8
    const place = i + 1 < text.length ? (first | (text[i + 1] ?? 0)) + 1 : first
    starts[place] = (starts[place] ?? 0) + 1
  }
  for (let pair = 0; pair < 65_536; pair++) {
    starts[pair + 1] = (starts[pair + 1] ?? 0) + (starts[pair] ?? 0)
  }
  return starts
}
