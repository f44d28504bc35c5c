import { isDeepStrictEqual } from 'node:util'
import { fromUtf8, toUtf8 } from '@steadfleet/base'
import type { IsolationPolicy } from '@steadfleet/domain'
import { readIfThere, writeDurably } from '../disk/durable.ts'
import type { NewEvent } from '../report/outbox.ts'
import type { Attempts } from './attempts.ts'
import { isolatedNow, nextOwnIsolation, type OwnIsolation } from './isolation.ts'

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
  #own: OwnIsolation
  /** Absent until it was done once in this life: what stood before is no news. */
  #now: IsolationPolicy | undefined
  #work: Promise<void> = Promise.resolve()

  private constructor(options: IsolatingOptions, own: OwnIsolation) {
    this.#of = options
    this.#own = own
  }

  static async open(options: IsolatingOptions): Promise<Isolating> {
    const bytes = await readIfThere(options.path)
    return new Isolating(options, bytes === undefined ? {} : JSON.parse(fromUtf8(bytes)))
  }

  /** Does what the newest order says. */
  heed(): Promise<void> {
    return this.#after(async () => {
      const ordered = this.#of.ordered()
      await this.#keep(nextOwnIsolation(this.#own, ordered))
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
    const others = targets > 1 ? ` and ${targets - 1} or more others` : ''
    const times = `${count.toLocaleString('en')} ${count === 1 ? 'time' : 'times'}`
    const within = windowSeconds >= 55 ? 'a minute' : `${windowSeconds} s`
    const message = `${name} tried ${target}${others}, ${times} in ${within}`
    const facts = { package: name, count, target, 'target-count': targetCount, targets }
    const details = {
      ...facts,
      'window-seconds': windowSeconds,
      ...(isTooMuch && { isolated: true }),
    }
    await this.#of.tell({ kind: 'security', code: 'network/denied', message, details })
    if (isTooMuch) await this.#isolate(name)
  }

  async #isolate(name: string): Promise<void> {
    await this.#after(() => this.#keep({ ...this.#own, [name]: this.#own[name] ?? false }))
    await this.heed()
  }

  async #keep(own: OwnIsolation): Promise<void> {
    if (isDeepStrictEqual(own, this.#own)) return
    await writeDurably(this.#of.path, toUtf8(JSON.stringify(own)), 0o600)
    this.#own = own
  }

  #after(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }
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
