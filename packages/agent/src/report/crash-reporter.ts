import type { Failure } from '@steadfleet/domain'
import type { AppExit } from '../apps/index.ts'
import type { World } from '../world.ts'
import { exitOf } from './change-reporter.ts'
import type { Outbox } from './outbox.ts'
import type { SecretsOf } from './scrub.ts'
import { tailOf } from './tail.ts'

/** An app that dies again and again is told once in this time, with how often it died. */
const quietMs = 60_000

/** Tells of apps that end by themselves outside of a change. */
export class CrashReporter {
  readonly #outbox: Outbox
  readonly #world: World
  readonly #secretsOf: SecretsOf
  readonly #seen = new Map<string, { readonly toldAt: number; readonly untold: number }>()

  constructor(outbox: Outbox, world: World, secretsOf: SecretsOf) {
    this.#secretsOf = secretsOf
    this.#outbox = outbox
    this.#world = world
  }

  async report(exit: AppExit): Promise<void> {
    const key = `${exit.package} ${exit.app}`
    const now = this.#world.monotonic()
    const before = this.#seen.get(key)
    if (before && now - before.toldAt < quietMs) {
      this.#seen.set(key, { ...before, untold: before.untold + 1 })
      return
    }
    this.#seen.set(key, { toldAt: now, untold: 0 })
    const secrets = await this.#secretsOf({ package: exit.package, settings: exit.values })
    const failure = failureOf(exit, before?.untold ?? 0, secrets)
    await this.#outbox.add({ kind: 'failure', message: failure.reason, failure })
  }
}

function failureOf(exit: AppExit, untold: number, secrets: readonly string[]): Failure {
  const how = exit.signal === undefined ? `exit ${exit.exit ?? 0}` : exit.signal
  const often = untold > 0 ? `, and ${untold} times since the last report` : ''
  return {
    kind: exit.outOfMemory ? 'out of memory' : 'crash',
    package: exit.package,
    revision: exit.revision,
    reason: `${exit.app} ended by itself: ${how}${often}`,
    log: tailOf(exit.log, secrets),
    ...exitOf(exit),
  }
}
