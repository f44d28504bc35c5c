/** Work of one name is done one after the other; of two names, side by side. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Waits for its turn. */
  async alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name)
    const mine = (async () => {
      await before
      return work()
    })()
    // Who waits does not care how what was before it ended.
    const end = this.#hold(
      name,
      mine.catch(() => undefined),
    )
    try {
      return await mine
    } finally {
      end()
    }
  }

  /** Takes the turn without waiting; yields how to end it, or undefined where somebody has it. */
  take(name: string): (() => void) | undefined {
    if (this.#last.has(name)) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = this.#hold(name, promise)
    return () => {
      end()
      resolve()
    }
  }

  isTaken(name: string): boolean {
    return this.#last.has(name)
  }

  #hold(name: string, until: Promise<unknown>): () => void {
    this.#last.set(name, until)
    return () => {
      if (this.#last.get(name) === until) this.#last.delete(name)
    }
  }
}
