import { type Change, type Generation, isOvertaken } from '@steadfleet/engine'
import { collect, dropObjects } from './collect.ts'
import { currentGeneration, keptWith } from './generations.ts'
import type { Stores } from './stores.ts'

/**
 * What was fetched for an order that a newer one overtook. That may need it, so it stays until the newer one is
 * fulfilled, or needs the room; then nobody does.
 */
export class Leftovers {
  readonly #stores: Stores
  #isAny = false

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** An earlier life of the agent left some. */
  note(): void {
    this.#isAny = true
  }

  /** Takes back fetching: of `from`, where it came from, all stays, and of `coming` what is half fetched, too. */
  async discard(change: Change, from: Generation, coming?: Generation): Promise<void> {
    if (isOvertaken(change)) return
    await dropObjects(this.#stores, await keptWith(this.#stores.paths, from), coming)
  }

  /** Collects after a change that is over. */
  async collect(change: Change, kept: readonly Generation[], to: Generation): Promise<void> {
    this.#isAny = isOvertaken(change)
    await collect(this.#stores, kept, this.#isAny ? to : undefined)
  }

  /** An order is fulfilled. */
  async settle(): Promise<void> {
    if (!this.#isAny) return
    const { paths } = this.#stores
    await dropObjects(this.#stores, await keptWith(paths, await currentGeneration(paths)))
    this.#isAny = false
  }
}
