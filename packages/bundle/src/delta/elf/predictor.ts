import type { Predictor } from '../instructions.ts'
import { findSites } from './find-sites.ts'
import { putTarget } from './forms.ts'
import { headLength, type Layout, type Loading, loadingOf } from './layout.ts'
import type { Moves } from './moves.ts'
import { Sites } from './sites.ts'
import { targetsOf } from './targets.ts'

/** Rewrites each reference of old code to where its target probably is in the new file. */
export class CodePredictor implements Predictor {
  readonly #old: Layout
  readonly #moves: Moves
  readonly #sites = new Sites()
  readonly #head = new Uint8Array(headLength)
  #new: Loading | undefined

  constructor(old: Layout, moves: Moves) {
    this.#old = old
    this.#moves = moves
  }

  /** Takes the first bytes of the new file, whose program headers say where it is loaded. */
  learn(bytes: Uint8Array, newAt: number): void {
    if (newAt >= headLength) return
    this.#head.set(bytes.subarray(0, headLength - newAt), newAt)
    if (newAt + bytes.length >= headLength) this.#new = loadingOf(this.#head)
  }

  predict(bytes: Uint8Array, oldAt: number, newAt: number): void {
    const old = this.#old
    const next = this.#new
    if (!next) return
    const sites = this.#sites
    sites.clear()
    findSites(bytes, oldAt, old, sites)
    // All are read before one is written, since two may share an instruction.
    const targets = targetsOf(sites, bytes, oldAt, old)
    for (let i = 0; i < sites.count; i++) {
      const target = targets[i] ?? -1
      if (target < 0) continue
      const reference = sites.reference(i, bytes, newAt, next.segments)
      putTarget(reference, next, this.#moves.moved(target))
    }
  }
}
