import type { SuffixIndex } from './suffix-index.ts'

/** Bytes of an old file that begin bytes of a new one, nearly alike, and how many new ones follow. */
export interface Piece {
  readonly oldAt: number
  readonly newAt: number
  /** Bytes that both have, most of them equal. */
  readonly copy: number
  /** Bytes that follow in the new file alone. */
  readonly insert: number
}

/** A run that is this long and equal where the last piece goes on needs no search. */
const sureRun = 24
/** A match elsewhere must be better than going on by this many bytes, which a new piece costs. */
const leastGain = 8

/**
 * Explains a new file by pieces of an old one, in the manner of Colin Percival's bsdiff ("Naive
 * differences of executable code", 2003): exact matches are seeds, which grow both ways for as long
 * as more than half of the bytes are equal.
 */
export function align(old: Uint8Array, next: Uint8Array, index: SuffixIndex): Piece[] {
  const aligner = new Aligner(old, next, index)
  aligner.run()
  return aligner.pieces
}

class Aligner {
  readonly pieces: Piece[] = []
  readonly #old: Uint8Array
  readonly #new: Uint8Array
  readonly #index: SuffixIndex
  #scan = 0
  #length = 0
  /** How many bytes from the scan to here the current alignment has too. */
  #score = 0
  #counted = 0
  /** Where the bytes begin that no piece explains yet, in the new file and in the old. */
  #from = 0
  #oldFrom = 0
  /** Old position less new position, as the last piece has it. */
  #offset = 0

  constructor(old: Uint8Array, next: Uint8Array, index: SuffixIndex) {
    this.#old = old
    this.#new = next
    this.#index = index
  }

  run(): void {
    while (this.#scan < this.#new.length) {
      this.#seek()
      if (this.#length !== this.#score || this.#scan >= this.#new.length) this.#close()
    }
  }

  /** Goes on to the next match that is better than the current alignment, or to the end. */
  #seek(): void {
    this.#scan += this.#length
    this.#counted = this.#scan
    this.#score = 0
    while (this.#skipRun() < this.#new.length) {
      this.#length = this.#index.longest(this.#new, this.#scan)
      this.#count(this.#scan + this.#length)
      if (this.#isBetter()) return
      this.#count(this.#scan + 1)
      if (this.#isAligned(this.#scan)) this.#score--
      this.#scan++
    }
    this.#length = 0
  }

  #count(end: number): void {
    for (; this.#counted < end; this.#counted++) if (this.#isAligned(this.#counted)) this.#score++
  }

  /** Passes over what surely goes on as it was; tells where the scan stands. */
  #skipRun(): number {
    let run = 0
    while (this.#scan + run < this.#new.length && this.#isAligned(this.#scan + run)) run++
    if (run < sureRun) return this.#scan
    this.#scan += run
    this.#score = Math.max(0, this.#score - run)
    this.#counted = Math.max(this.#counted, this.#scan)
    return this.#scan
  }

  #isBetter(): boolean {
    if (this.#length === 0) return false
    return this.#length === this.#score || this.#length > this.#score + leastGain
  }

  #isAligned(at: number): boolean {
    const oldAt = at + this.#offset
    return oldAt >= 0 && oldAt < this.#old.length && this.#old[oldAt] === this.#new[at]
  }

  /** Ends the current piece where it and the next one together explain most. */
  #close(): void {
    const isLast = this.#scan >= this.#new.length
    const position = isLast ? 0 : this.#index.position
    let forward = this.#grownForward()
    let backward = isLast ? 0 : this.#grownBackward(position)
    const overlap = this.#from + forward - (this.#scan - backward)
    if (overlap > 0) {
      const kept = this.#split(forward, backward, position, overlap)
      forward += kept - overlap
      backward -= kept
    }
    const newFrom = this.#scan - backward
    const insert = newFrom - this.#from - forward
    if (forward + insert > 0) {
      this.pieces.push({ oldAt: this.#oldFrom, newAt: this.#from, copy: forward, insert })
    }
    this.#from = newFrom
    this.#oldFrom = position - backward
    this.#offset = position - this.#scan
  }

  #grownForward(): number {
    const most = Math.min(this.#scan - this.#from, this.#old.length - this.#oldFrom)
    let equal = 0
    let best = 0
    let length = 0
    for (let i = 0; i < most; ) {
      if (this.#old[this.#oldFrom + i] === this.#new[this.#from + i]) equal++
      i++
      if (equal * 2 - i > best) {
        best = equal * 2 - i
        length = i
      }
    }
    return length
  }

  #grownBackward(position: number): number {
    const most = Math.min(this.#scan - this.#from, position)
    let equal = 0
    let best = 0
    let length = 0
    for (let i = 1; i <= most; i++) {
      if (this.#old[position - i] === this.#new[this.#scan - i]) equal++
      if (equal * 2 - i > best) {
        best = equal * 2 - i
        length = i
      }
    }
    return length
  }

  /** How many of the bytes that both pieces could have stay with the first. */
  #split(forward: number, backward: number, position: number, overlap: number): number {
    let gain = 0
    let best = 0
    let kept = 0
    for (let i = 0; i < overlap; i++) {
      const byte = this.#new[this.#from + forward - overlap + i]
      if (byte === this.#old[this.#oldFrom + forward - overlap + i]) gain++
      if (byte === this.#old[position - backward + i]) gain--
      if (gain > best) {
        best = gain
        kept = i + 1
      }
    }
    return kept
  }
}
