import type { NewEvent } from '../report/outbox.ts'
import type { Apps } from './apps.ts'

export interface RequiringOptions {
  readonly apps: Pick<Apps, 'require'>
  readonly ordered: () => readonly string[]
  readonly tell: (event: NewEvent) => Promise<void>
}

/** Holds the apps to what the newest order insists on, and tells where this device lacks any of it. */
export class Requiring {
  readonly #of: RequiringOptions
  #lacking: string | undefined
  #work: Promise<void> = Promise.resolve()

  constructor(options: RequiringOptions) {
    this.#of = options
  }

  /** Does what the newest order says. */
  heed(): Promise<void> {
    const done = this.#work.then(() => this.#heed())
    this.#work = done.catch(() => undefined)
    return done
  }

  async #heed(): Promise<void> {
    const { apps, ordered, tell } = this.#of
    const lacking = await apps.require(ordered())
    if (lacking === this.#lacking) return
    this.#lacking = lacking
    const message = lacking ?? 'apps run again: this device lacks nothing that its owner requires'
    await tell({ kind: 'security', code: 'apps/lacking', message })
  }
}
