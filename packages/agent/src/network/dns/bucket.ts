/** So many at once, and so many more a second. */
export class Bucket {
  readonly #perSecond: number
  readonly #burst: number
  readonly #monotonic: () => number
  #held: number
  #at: number

  constructor(
    { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
    monotonic: () => number,
  ) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#monotonic = monotonic
    this.#held = burst
    this.#at = monotonic()
  }

  /** Takes one; false where none is left. */
  take(): boolean {
    const now = this.#monotonic()
    this.#held = Math.min(this.#burst, this.#held + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
    if (this.#held < 1) return false
    this.#held -= 1
    return true
  }
}
