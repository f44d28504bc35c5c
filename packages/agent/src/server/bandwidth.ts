import type { World } from '../world.ts'

/** So much of a second may come at once after a rest. */
const burstMs = 1000

/** Lets no more bytes a second come than it is told, all that fetch together. */
export class Bandwidth {
  readonly #bytesPerSecond: number
  readonly #world: Pick<World, 'monotonic' | 'sleep'>
  /** When all that came has been paid for. */
  #paidAt = Number.NEGATIVE_INFINITY

  constructor(bytesPerSecond: number, world: Pick<World, 'monotonic' | 'sleep'>) {
    this.#bytesPerSecond = bytesPerSecond
    this.#world = world
  }

  /** Waits until these bytes, which came just now, are paid for but for a burst. */
  async take(bytes: number): Promise<void> {
    const now = this.#world.monotonic()
    const from = Math.max(this.#paidAt, now - burstMs)
    this.#paidAt = from + (bytes / this.#bytesPerSecond) * 1000
    if (this.#paidAt > now) await this.#world.sleep(this.#paidAt - now)
  }
}
