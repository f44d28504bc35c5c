import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Digest, toHexDigest } from '@steadfleet/base'
import type { Logger } from 'pino'
import type { Content } from '../content/content.ts'
import { type WantedDelta, wantedDeltas } from '../store/delta-store.ts'
import type { Store } from '../store/store.ts'
import type { DeltaBudget } from './budget.ts'
import { type DeltaEnd, runDeltaProcess } from './run-delta-process.ts'
import { openShelf, removeStrangers, type Shelf } from './shelf.ts'

/** Deltas from what devices run to what they are to run: made ahead of them, kept by use. */
export interface Deltas extends AsyncDisposable {
  readonly folder: string
  /** Something was ordered: looks what devices would have use of, and makes it. */
  nudge(): void
  /**
   * The name of a kept delta's file in its folder, or undefined where there is none. Of one that is
   * about to be made a little is waited for.
   */
  file(from: Digest, tree: Digest): Promise<string | undefined>
}

export interface DeltasOptions {
  readonly folder: string
  readonly store: Pick<Store, 'db'>
  readonly content: Content
  readonly budget: DeltaBudget
  readonly now: () => Date
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** A device waits so long for its delta before it takes the bundle. */
const patienceMs = 10_000
/** So often a making is held against what is still wanted. */
const lookMs = 30_000
/** So many times as long as a look took the next one is put off. */
const restFor = 20
/** Pairs that are looked at: what a few devices alone run has its turn when the others are done. */
const mostPairs = 50

export async function openDeltas(options: DeltasOptions): Promise<Deltas> {
  await mkdir(options.folder, { recursive: true })
  await removeStrangers(options.folder)
  const { folder, budget, now } = options
  return new DeltaMaker(options, openShelf(folder, budget.kept, now))
}

class DeltaMaker implements Deltas {
  readonly #options: DeltasOptions
  readonly #shelf: Shelf
  /** Pairs of which it is known, for as long as this server runs, that no delta of them is of use. */
  readonly #useless = new Set<string>()
  /** Pairs that wait for their making, and what is told when it is over. */
  readonly #coming = new Map<string, PromiseWithResolvers<void>>()
  readonly #closing = new AbortController()
  #work: Promise<void> | undefined
  #look: Promise<void> = Promise.resolve()
  #isStale = false

  constructor(options: DeltasOptions, shelf: Shelf) {
    this.#options = options
    this.#shelf = shelf
  }

  get folder(): string {
    return this.#options.folder
  }

  nudge(): void {
    if (this.#options.budget.kept === 0) return
    this.#isStale = true
    this.#work ??= this.#makeAll().finally(() => {
      this.#work = undefined
      if (this.#isStale && !this.#closing.signal.aborted) this.nudge()
    })
  }

  async file(from: Digest, tree: Digest): Promise<string | undefined> {
    const name = nameOf({ from, tree })
    await this.#look
    const coming = this.#coming.get(name)
    if (coming) await Promise.race([coming.promise, wait(patienceMs, undefined, { ref: false })])
    return (await this.#shelf.take(name)) ? name : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#work
  }

  /** One after the other, the most wanted first, until nothing is wanted that is not there. */
  async #makeAll(): Promise<void> {
    try {
      while (!this.#closing.signal.aborted) {
        const begun = performance.now()
        const [next] = await this.#lookAgain()
        if (next) await this.#make(next)
        else if (this.#isStale) await this.#rest(performance.now() - begun)
        else return
      }
    } catch (fault) {
      // Devices take bundles; the next order looks again.
      this.#options.logger.error({ err: fault }, 'cannot look what deltas are wanted')
    } finally {
      this.#settle(new Set())
    }
  }

  /** The orders of a large fleet come in many parts: looks at it may not hold up everyone else. */
  async #rest(worked: number): Promise<void> {
    const { signal } = this.#closing
    await wait(worked * restFor, undefined, { signal, ref: false }).catch(nothing)
  }

  #lookAgain(): Promise<WantedDelta[]> {
    this.#isStale = false
    const looking = this.#wanted()
    // Who asks for a delta waits for the look, not for how it ends.
    this.#look = looking.then(nothing, nothing)
    return looking
  }

  async #wanted(): Promise<WantedDelta[]> {
    const wanted: WantedDelta[] = []
    for (const pair of await wantedDeltas(this.#options.store.db, mostPairs)) {
      const name = nameOf(pair)
      if (!this.#useless.has(name) && !(await this.#shelf.has(name))) wanted.push(pair)
    }
    this.#settle(new Set(wanted.map(nameOf)))
    return wanted
  }

  /** Tells those who wait for what comes no more, and lets others wait for what does. */
  #settle(names: ReadonlySet<string>): void {
    for (const [name, { resolve }] of this.#coming) {
      if (names.has(name)) continue
      this.#coming.delete(name)
      resolve()
    }
    for (const name of names) {
      if (!this.#coming.has(name)) this.#coming.set(name, Promise.withResolvers())
    }
  }

  async #make(pair: WantedDelta): Promise<void> {
    const name = nameOf(pair)
    const draft = join(this.#options.folder, `${name}.new`)
    const begun = performance.now()
    try {
      const instead = await this.#bundleLength(pair)
      const end = await this.#run(pair, draft, instead)
      const seconds = Math.round(performance.now() - begun) / 1000
      const isMade = end === 'smaller'
      const bytes = isMade ? (await stat(draft)).size : 0
      if (isMade) await this.#shelf.put(draft, name)
      this.#tell(pair, end, { seconds, bytes, bundle: instead })
    } catch (fault) {
      this.#useless.add(name)
      this.#options.logger.error({ err: fault, ...pair }, 'cannot make a delta')
    } finally {
      await rm(draft, { force: true })
    }
  }

  #tell(pair: WantedDelta, end: DeltaEnd, figures: object): void {
    const { logger } = this.#options
    if (end === 'smaller') {
      logger.info({ ...pair, ...figures }, 'made a delta')
      return
    }
    // What nobody wanted any more may be wanted again.
    if (end === 'unwanted') return
    this.#useless.add(nameOf(pair))
    const why = typeof end === 'string' ? end : end.fault
    logger.warn({ ...pair, ...figures, why }, 'made no delta')
  }

  /** What a device would fetch instead. */
  async #bundleLength({ from, tree }: WantedDelta): Promise<number> {
    const { content } = this.#options
    const file = await content.bundleFile(tree, from)
    return (await stat(join(content.bundlesFolder, file))).size
  }

  /** Ends the making at its deadline, at the server's end, and when no device has use of it any more. */
  async #run(pair: WantedDelta, path: string, instead: number): Promise<DeltaEnd> {
    const { content, budget, store, logger } = this.#options
    const unwanted = new AbortController()
    const stop = AbortSignal.any([unwanted.signal, this.#closing.signal])
    const look = async (): Promise<void> => {
      const wanted = await wantedDeltas(store.db, mostPairs)
      if (!wanted.some(one => nameOf(one) === nameOf(pair))) unwanted.abort()
    }
    const timer = setInterval(() => {
      look().catch(fault => logger.error({ err: fault }, 'cannot look what deltas are wanted'))
    }, lookMs)
    try {
      const { from, tree } = pair
      for (const each of [from, tree]) await content.treeHere(each)
      const job = { objects: content.objects.folder, from, tree, path, instead, ...budget }
      return await runDeltaProcess(job, stop)
    } finally {
      clearInterval(timer)
    }
  }
}

const nothing = (): void => undefined

function nameOf({ from, tree }: Pick<WantedDelta, 'from' | 'tree'>): string {
  return `${toHexDigest(tree)}-${toHexDigest(from)}`
}
