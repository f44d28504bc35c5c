import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { fromUtf8, toHex, toUtf8 } from '@steadfleet/base'
import {
  type IsolationId,
  type IsolationPolicy,
  isIsolated,
  nextOwnIsolations,
  type OwnIsolations,
  type PackageName,
} from '@steadfleet/domain'
import { readIfThere, writeDurably } from '../disk/durable.ts'
import type { NewEvent } from '../report/outbox.ts'
import type { Attempts } from './attempts.ts'
import { isolatedNow } from './isolation.ts'

export interface IsolatingOptions {
  /** Where it is kept what the device itself isolated. */
  readonly path: string
  readonly ordered: () => IsolationPolicy
  readonly isolate: (isolation: IsolationPolicy) => Promise<void>
  readonly tell: (event: NewEvent) => Promise<void>
}

/** Keeps the networks of this device as its orders say, and tells of what packages try and may not. */
export class Isolating {
  readonly #of: IsolatingOptions
  #own: OwnIsolations
  /** Absent until it was done once in this life: what stood before is no news. */
  #now: IsolationPolicy | undefined
  #work: Promise<void> = Promise.resolve()

  private constructor(options: IsolatingOptions, own: OwnIsolations) {
    this.#of = options
    this.#own = own
  }

  static async open(options: IsolatingOptions): Promise<Isolating> {
    const bytes = await readIfThere(options.path)
    return new Isolating(options, bytes === undefined ? {} : named(JSON.parse(fromUtf8(bytes))))
  }

  /** What it isolated by itself, until an order releases it: each report says so. */
  get own(): OwnIsolations {
    return this.#own
  }

  /** Does what the newest order says. */
  heed(): Promise<void> {
    return this.#after(async () => {
      const ordered = this.#of.ordered()
      await this.#keep(nextOwnIsolations(this.#own, ordered))
      const now = isolatedNow(this.#own, ordered)
      if (isDeepStrictEqual(now, this.#now)) return
      await this.#of.isolate(now)
      const change = this.#now && changeOf(this.#now, now)
      this.#now = now
      if (change)
        await this.#of.tell({ kind: 'security', code: 'network/isolation', message: change })
    })
  }

  /** Tells of attempts, and isolates the package at once where its orders say so. */
  async attempted(attempts: Attempts): Promise<void> {
    const { package: name, count, windowSeconds, target, targetCount, targets } = attempts
    const most = this.#of.ordered()['denied-per-minute'] ?? Number.POSITIVE_INFINITY
    const isTooMuch = (count * 60) / Math.max(60, windowSeconds) >= most
    // Durable before it is told: who reads that it is isolated finds it in the reports from then on.
    const isCut = await this.#after(() => this.#begin(name, isTooMuch))
    const others = targets > 1 ? ` and ${targets - 1} or more others` : ''
    const times = `${grouped(count)} ${count === 1 ? 'time' : 'times'}`
    const within = windowSeconds >= 55 ? 'a minute' : `${windowSeconds} s`
    const message = `${name} tried ${target}${others}, ${times} in ${within}`
    const facts = { package: name, count, target, 'target-count': targetCount, targets }
    const details = { ...facts, 'window-seconds': windowSeconds, ...(isCut && { isolated: true }) }
    await this.#of.tell({ kind: 'security', code: 'network/denied', message, details })
    if (isCut) await this.heed()
  }

  /** Whether the package is cut now; where it tried too much, it is from now on. */
  async #begin(name: PackageName, isTooMuch: boolean): Promise<boolean> {
    const ordered = this.#of.ordered()
    const own = nextOwnIsolations(this.#own, ordered)
    if (isIsolated(name, isolatedNow(own, ordered))) return true
    if (isTooMuch) await this.#keep({ ...own, [name]: newId() })
    return isTooMuch
  }

  async #keep(own: OwnIsolations): Promise<void> {
    if (isDeepStrictEqual(own, this.#own)) return
    await writeDurably(this.#of.path, toUtf8(JSON.stringify(own)), 0o600)
    this.#own = own
  }

  #after<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.then(
      () => undefined,
      () => undefined,
    )
    return done
  }
}

/** Thousands apart. What the language has for it loads 8 MB of words about languages. */
function grouped(count: number): string {
  return `${count}`.replace(/\B(?=(\d{3})+$)/g, ',')
}

/** In words; undefined where only the rule has changed. */
function changeOf(before: IsolationPolicy, now: IsolationPolicy): string | undefined {
  const namesOf = ({ device, packages = [] }: IsolationPolicy) => [
    ...(device ? ['the whole device'] : []),
    ...packages,
  ]
  const [old, fresh] = [namesOf(before), namesOf(now)]
  const cut = fresh.filter(name => !old.includes(name))
  const freed = old.filter(name => !fresh.includes(name))
  const parts = [
    ...(cut.length > 0 ? [`${cut.join(', ')} isolated`] : []),
    ...(freed.length > 0 ? [`${freed.join(', ')} released`] : []),
  ]
  return parts.length > 0 ? parts.join('; ') : undefined
}

/** What agents kept that gave no names to what they isolated (a boolean, before 0050) gets them now. */
function named(kept: Readonly<Record<string, IsolationId | boolean>>): OwnIsolations {
  const entries = Object.entries(kept)
  return Object.fromEntries(
    entries.map(([name, id]) => [name, typeof id === 'boolean' ? newId() : id]),
  )
}

function newId(): IsolationId {
  return toHex(randomBytes(8)) as IsolationId
}
