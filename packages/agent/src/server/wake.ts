import type { World } from '../world.ts'

/** What a waiting loop can be woken by. A ring that nobody waited for counts for the next wait. */
export class Bell {
  #isRung = false
  readonly #listeners = new Set<() => void>()

  ring(): void {
    this.#isRung = true
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` at the next ring, or at once where one came before. */
  listen(listener: () => void): () => void {
    if (this.#isRung) listener()
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  clear(): void {
    this.#isRung = false
  }
}

/** Waits until a bell rings or the time is up; throws the reason where `stop` aborts first. */
export async function pause(
  world: World,
  milliseconds: number,
  bells: readonly Bell[],
  stop: AbortSignal,
): Promise<void> {
  const rung = new AbortController()
  const silence = bells.map(bell => bell.listen(() => rung.abort()))
  try {
    await world.sleep(milliseconds, AbortSignal.any([stop, rung.signal]))
  } catch (error) {
    stop.throwIfAborted()
    if (!rung.signal.aborted) throw error
  } finally {
    for (const off of silence) off()
    for (const bell of bells) bell.clear()
  }
}
