import { isCoded, parseStrictJson, toDocument } from '@steadfleet/base'
import { objectsOf } from '@steadfleet/bundle'
import type { GenerationPackage, Ref } from '@steadfleet/engine'
import { readIfThere, writeDurably } from '../disk/durable.ts'
import type { NewEvent } from '../report/outbox.ts'
import { Bell, pause } from '../server/wake.ts'
import type { World } from '../world.ts'
import { type Breath, idleBreath } from './breath.ts'
import type { FetchContext } from './fetch-context.ts'
import { fetchObject } from './fetch-tree.ts'
import { checkFile } from './repair.ts'
import type { TreeStore } from './trees.ts'

export interface ScrubOptions {
  /** Where it is written how far a pass has come, and when the next is due. */
  readonly path: string
  readonly fetching: FetchContext
  readonly trees: TreeStore
  readonly world: World
  /** The packages of every generation that is kept. */
  readonly packages: () => Promise<readonly GenerationPackage[]>
  /** Reads the trees of these packages, and has put right what is damaged. */
  readonly look: (
    packages: readonly GenerationPackage[],
    breath: Breath,
    stop: AbortSignal,
  ) => Promise<void>
  readonly tell: (event: NewEvent) => Promise<void>
}

/** What one pass over the store found. */
export interface Scrubbed {
  readonly objects: number
  readonly damaged: number
}

interface Progress extends Scrubbed {
  /** The folder of the store that comes next; '' where no pass is under way. */
  readonly folder: string
  /** When the next pass begins, in milliseconds since 1970. */
  readonly due: number
}

const weekMs = 7 * 24 * 3_600_000
const hourMs = 3_600_000

/**
 * Reads all of the store and every installed tree again, about once a week and so slowly that nobody
 * feels it. Damage is told, set aside and fetched anew. A pass goes on where the last life left it.
 */
export class Scrub {
  readonly #options: ScrubOptions
  readonly #asked = new Bell()
  #askers: ((found: Scrubbed) => void)[] = []

  constructor(options: ScrubOptions) {
    this.#options = options
  }

  /** Begins a pass now; fulfilled with what it found when it is over. */
  ask(): Promise<Scrubbed> {
    const { promise, resolve } = Promise.withResolvers<Scrubbed>()
    this.#askers.push(resolve)
    this.#asked.ring()
    return promise
  }

  async scrubForever(stop: AbortSignal): Promise<never> {
    const { world, fetching } = this.#options
    for (;;) {
      const progress = await this.#read()
      if (progress.folder === '') await this.#waitUntil(progress.due, stop)
      try {
        await this.#pass(progress, stop)
      } catch (error) {
        stop.throwIfAborted()
        fetching.suspect(error)
        await world.sleep(hourMs, stop)
      }
    }
  }

  /** Looked at each hour: clocks are set, and devices sleep. */
  async #waitUntil(due: number, stop: AbortSignal): Promise<void> {
    const { world } = this.#options
    while (this.#askers.length === 0) {
      const left = due - world.now().getTime()
      if (left <= 0) return
      await pause(world, Math.min(left, hourMs), [this.#asked], stop)
    }
  }

  async #pass(from: Progress, stop: AbortSignal): Promise<void> {
    const { world, packages, look, tell } = this.#options
    const askers = this.#askers
    this.#askers = []
    const breath = idleBreath(world, stop)
    const found = await this.#readObjects(from, breath, stop)
    const kept = await packages()
    for (const one of kept) await this.#bringMissing(one, stop)
    await look(kept, breath, stop)
    const due = world.now().getTime() + weekMs * (0.9 + 0.2 * world.random())
    await this.#write({ folder: '', due, objects: 0, damaged: 0 })
    await tell(scrubbedEvent(found))
    for (const asker of askers) asker(found)
  }

  async #readObjects(from: Progress, breath: Breath, stop: AbortSignal): Promise<Scrubbed> {
    const { fetching } = this.#options
    let { objects, damaged } = from
    for (const folder of await fetching.objects.folders()) {
      if (folder < from.folder) continue
      await this.#write({ ...from, folder, objects, damaged })
      for (const file of (await fetching.objects.filesIn(folder)).files) {
        stop.throwIfAborted()
        objects += 1
        if (!(await checkFile(fetching, file, breath))) damaged += 1
      }
    }
    return { objects, damaged }
  }

  /** What was set aside without standing in a tree. */
  async #bringMissing({ tree, record }: GenerationPackage, stop: AbortSignal): Promise<void> {
    const { fetching, trees } = this.#options
    for (const ref of [tree, record]) await fetchObject(fetching, ref, stop)
    const refs: Ref[] = objectsOf(await trees.listing(tree.digest)).map(({ digest, size }) => ({
      digest,
      length: size,
    }))
    for (const ref of refs) await fetchObject(fetching, ref, stop)
  }

  /** One that cannot be read begins anew; one that is due in a month was written under another clock. */
  async #read(): Promise<Progress> {
    const { path, world } = this.#options
    const now = world.now().getTime()
    const fresh = {
      folder: '',
      due: now + weekMs * (0.5 + 0.5 * world.random()),
      objects: 0,
      damaged: 0,
    }
    const held = toProgress(await readIfThere(path)) ?? fresh
    const sane = held.due > now + 2 * weekMs ? { ...held, due: fresh.due } : held
    if (sane !== held || held === fresh) await this.#write(sane)
    return sane
  }

  #write(progress: Progress): Promise<void> {
    return writeDurably(
      this.#options.path,
      toDocument({ ...progress, due: Math.round(progress.due) }),
    )
  }
}

function toProgress(bytes: Uint8Array | undefined): Progress | undefined {
  if (bytes === undefined) return undefined
  try {
    const { folder, due, objects, damaged } = parseStrictJson(bytes) as Record<string, unknown>
    if (typeof folder !== 'string' || ![due, objects, damaged].every(Number.isSafeInteger)) {
      return undefined
    }
    return { folder, due, objects, damaged } as Progress
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

function scrubbedEvent({ objects, damaged }: Scrubbed): NewEvent {
  const message = `read ${objects} objects of the store again: ${damaged} were damaged`
  return { kind: 'agent', message, details: { objects, damaged } }
}
