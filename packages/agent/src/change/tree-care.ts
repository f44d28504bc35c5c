import { basename } from 'node:path'
import { type Digest, digestFromHex } from '@steadfleet/base'
import { backOff, type GenerationPackage, type Ref } from '@steadfleet/engine'
import type { AppSpec, Apps } from '../apps/index.ts'
import { isDamage } from '../error.ts'
import type { NewEvent } from '../report/outbox.ts'
import { Bell, pause } from '../server/wake.ts'
import { type Breath, quickBreath } from '../store/breath.ts'
import { type RepairContext, type Repaired, repairTree } from '../store/repair.ts'
import { damaged } from '../store/seals.ts'
import type { World } from '../world.ts'
import { keptPackages } from './generations.ts'

export interface TreeCareOptions extends RepairContext {
  readonly world: World
  readonly tell: (event: NewEvent) => Promise<void>
}

const retry = { first: 5_000, longest: 3_600_000 }
/** Nothing is damaged: only damage is waited for. Below Node's longest timer. */
const longWaitMs = 2 ** 31 - 1

/**
 * Nothing starts from a tree in which anything was changed. What is found damaged is told, put right
 * from the store or the server, and started then; until that can be done, again and again.
 */
export class TreeCare {
  readonly #options: TreeCareOptions
  readonly #wanted = new Set<Digest>()
  readonly #bell = new Bell()

  constructor(options: TreeCareOptions) {
    this.#options = options
  }

  /** Asked before each start of an app: `agent/damaged-tree` or `agent/damaged-object` where it may not. */
  async refuseDamaged({ tree }: Pick<AppSpec, 'tree'>): Promise<void> {
    const digest = digestFromHex(basename(tree))
    try {
      await this.#options.seals.refuseDamaged(digest)
    } catch (error) {
      if (isDamage(error)) this.#want(digest, error)
      throw error
    }
  }

  /** A tree that was just laid out, or is about to be started from, put right where that is needed. */
  async makeSound(tree: Ref, stop: AbortSignal): Promise<void> {
    try {
      await this.#options.seals.refuseDamaged(tree.digest)
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#options.fetching.suspect(error)
      await this.#repair(tree, stop)
    }
  }

  /** Reads all of these trees, whoever runs from them; what is damaged is told and put right. */
  async look(
    packages: readonly GenerationPackage[],
    breath: Breath,
    stop: AbortSignal,
  ): Promise<void> {
    const { seals } = this.#options
    for (const { tree } of packages) {
      stop.throwIfAborted()
      try {
        const faults = await seals.faultsOf(tree.digest, breath)
        if (faults.length > 0) this.#want(tree.digest, damaged(tree.digest, faults))
      } catch (error) {
        if (!isDamage(error)) throw error
        this.#want(tree.digest, error)
      }
    }
  }

  /** Puts right what is found damaged, for as long as the agent lives. */
  async careForever(apps: Apps, stop: AbortSignal): Promise<never> {
    const { world, fetching } = this.#options
    for (let failures = 0; ; ) {
      const wait = failures > 0 ? backOff(retry, failures, world.random()) : longWaitMs
      if (this.#wanted.size === 0 || failures > 0) await pause(world, wait, [this.#bell], stop)
      try {
        for (const tree of [...this.#wanted]) await this.#putRight(tree, apps, stop)
        failures = 0
      } catch (error) {
        stop.throwIfAborted()
        fetching.suspect(error)
        failures += 1
      }
    }
  }

  #want(tree: Digest, error: unknown): void {
    this.#options.fetching.suspect(error)
    if (this.#wanted.has(tree)) return
    this.#wanted.add(tree)
    this.#bell.ring()
  }

  async #putRight(tree: Digest, apps: Apps, stop: AbortSignal): Promise<void> {
    const users = await this.#usersOf(tree)
    const [first] = users
    if (first) await this.#repair(first.tree, stop)
    this.#wanted.delete(tree)
    await Promise.all(users.map(one => apps.retry(one.package)))
  }

  /** The packages, of any generation that is kept, that have this tree. */
  async #usersOf(tree: Digest): Promise<GenerationPackage[]> {
    const packages = await keptPackages(this.#options.fetching.paths)
    const users = packages.filter(one => one.tree.digest === tree)
    return users.filter((one, i) => users.findIndex(other => other.package === one.package) === i)
  }

  async #repair(tree: Ref, stop: AbortSignal): Promise<void> {
    const breath = quickBreath(this.#options.world)
    const { objects, bytes } = await repairTree(this.#options, tree, breath, stop)
    await this.#options.tell(repairedEvent(tree, { objects, bytes }))
  }
}

function repairedEvent({ digest }: Ref, { objects, bytes }: Repaired): NewEvent {
  const message = `put tree ${digest} right: ${objects} objects fetched anew, ${bytes} bytes`
  return { kind: 'agent', message, details: { tree: digest, objects, bytes } }
}
