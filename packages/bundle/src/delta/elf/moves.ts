/** Where targets moved: from each address on, up to the next, all by as much. */
export class Moves {
  readonly #from: Int32Array
  readonly #by: Int32Array
  /** The entry that answered last: neighbours are often asked for together. */
  #last = 0

  constructor(from: Int32Array, by: Int32Array) {
    this.#from = from
    this.#by = by
  }

  get length(): number {
    return this.#from.length
  }

  /** The new address of what was at `target`. */
  moved(target: number): number {
    if (!this.#holds(this.#last, target)) this.#last = this.#find(target)
    return this.#last < 0 ? target : target + (this.#by[this.#last] ?? 0)
  }

  *entries(): Generator<readonly [from: number, by: number]> {
    for (const [i, from] of this.#from.entries()) yield [from, this.#by[i] ?? 0]
  }

  #holds(entry: number, target: number): boolean {
    if (entry < 0 || (this.#from[entry] ?? Number.POSITIVE_INFINITY) > target) return false
    return (this.#from[entry + 1] ?? Number.POSITIVE_INFINITY) > target
  }

  #find(target: number): number {
    let low = 0
    let high = this.#from.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#from[middle] ?? 0) <= target) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
