import type { AppTrouble } from '../apps/index.ts'
import type { World } from '../world.ts'
import type { Outbox } from './outbox.ts'

/** An app that goes on with the same is told once in this time. */
const quietMs = 600_000

/** Tells of what apps do that they should not, short of ending. */
export class TroubleReporter {
  readonly #outbox: Outbox
  readonly #world: World
  readonly #toldAt = new Map<string, number>()

  constructor(outbox: Outbox, world: World) {
    this.#outbox = outbox
    this.#world = world
  }

  async report({ package: name, app, revision, trouble, why }: AppTrouble): Promise<void> {
    const key = `${name} ${app} ${trouble}`
    const now = this.#world.monotonic()
    if (now - (this.#toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return
    this.#toldAt.set(key, now)
    const message = `${app} of ${name} ${trouble}: ${why}`
    const details = { package: name, app, revision, trouble }
    await this.#outbox.add({ kind: 'app', message, details })
  }
}
