import { createHash } from 'node:crypto'
import type { FailureModel } from './options.ts'

/** What becomes of one device: the same seed, index and question have the same answer for ever. */
export class Fate {
  readonly #name: string
  readonly #model: FailureModel

  constructor(seed: number, index: number, model: FailureModel) {
    this.#name = `${seed}/${index}`
    this.#model = model
  }

  /** The private key's seed, 32 bytes. */
  get keySeed(): Uint8Array {
    return this.#hash('key')
  }

  /** Evenly between 0 and 1. */
  draw(question: string): number {
    return new DataView(this.#hash(question).buffer).getUint32(0) / 2 ** 32
  }

  /** Whether a revision fails here. */
  breaksOn(revision: number): boolean {
    const share = this.#model.breaks.find(one => one.revision === revision)?.share ?? 0
    return (
      this.draw(`breaks ${revision}`) < share || this.draw(`fails ${revision}`) < this.#model.fails
    )
  }

  vanishesAt(counter: number): boolean {
    return this.draw(`vanishes ${counter}`) < this.#model.vanishes
  }

  /** Whether it has no network in this span of time, counted from the start. */
  isOfflineIn(span: number): boolean {
    return this.draw(`offline ${span}`) < this.#model.offline
  }

  /** By what everything it does is multiplied. */
  get slowness(): number {
    return this.draw('slow') < this.#model.slow ? 10 : 1
  }

  /** By how much its clock is wrong, in milliseconds. */
  get clockOffset(): number {
    if (this.draw('liar') >= this.#model.liars) return 0
    return (this.draw('clock') - 0.5) * 2 * 365 * 86_400_000
  }

  #hash(question: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(createHash('sha256').update(`${this.#name}/${question}`).digest())
  }
}
