import type { PackageName } from '@steadfleet/domain'
import type { DeniedCount } from './denied.ts'

/** What a package tried and may not, told once for a while. */
export interface Attempts {
  readonly package: PackageName
  /** Attempts in the window: packets that went nowhere, and names that were not looked up. */
  readonly count: number
  readonly windowSeconds: number
  /** Where most of them went: `203.0.113.9:23/tcp`, or a name. */
  readonly target: string
  readonly targetCount: number
  /** How many different targets were seen; not all, where there are very many. */
  readonly targets: number
}

const firstMs = 4000
const laterMs = 60_000
const mostTargets = 512

/** Gathers what packages try, and says when it is to be told: soon at first, then once a minute. */
export class AttemptWindow {
  readonly #package: PackageName
  #since: number | undefined
  #toldAt = Number.NEGATIVE_INFINITY
  #count = 0
  readonly #targets = new Map<string, number>()

  constructor(name: PackageName) {
    this.#package = name
  }

  /** Where what is granted was asked for far too often, that is told as well. */
  add({ count, byTarget, excess }: DeniedCount, now: number): void {
    if (count + excess === 0) return
    this.#begin(count + excess, now)
    for (const [target, times] of byTarget) this.#hit(target, times)
    if (excess > 0) this.#hit('more than it may', excess)
  }

  addName(name: string, now: number): void {
    this.#begin(1, now)
    this.#hit(printable(name), 1)
  }

  /** What is to be told now, if anything is: at once where `threshold` is reached. */
  due(now: number, threshold = Number.POSITIVE_INFINITY): Attempts | undefined {
    if (this.#since === undefined) return undefined
    const wait = now - this.#toldAt < 2 * laterMs ? laterMs : firstMs
    if (now - this.#since < wait && this.#count < threshold) return undefined
    const [target = '', targetCount = 0] = most(this.#targets)
    const windowSeconds = Math.max(1, Math.round((now - this.#since) / 1000))
    const told = { count: this.#count, windowSeconds, target, targetCount }
    const targets = this.#targets.size
    this.#since = undefined
    this.#count = 0
    this.#targets.clear()
    this.#toldAt = now
    return { package: this.#package, ...told, targets }
  }

  #begin(count: number, now: number): void {
    this.#since ??= now
    this.#count += count
  }

  #hit(target: string, times: number): void {
    if (!this.#targets.has(target) && this.#targets.size >= mostTargets) return
    this.#targets.set(target, (this.#targets.get(target) ?? 0) + times)
  }
}

function most(targets: ReadonlyMap<string, number>): readonly [string, number] | [] {
  return [...targets].reduce<readonly [string, number] | []>(
    (best, one) => (best.length === 0 || one[1] > best[1] ? one : best),
    [],
  )
}

/** A name as a package wrote it may hold anything. */
function printable(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, '?').slice(0, 253)
}
