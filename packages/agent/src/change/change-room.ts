import { isCoded } from '@steadfleet/base'
import { type Generation, type GenerationPackage, packageOf } from '@steadfleet/engine'
import { type Need, refuseTooLittleSpace, sumOf } from '../disk/space.ts'
import type { NewEvent } from '../report/outbox.ts'
import type { FetchContext } from '../store/fetch-context.ts'
import { refuseTooLittleRoom } from '../store/room.ts'
import { dropObjects } from './collect.ts'
import { needOfCopy } from './data-size.ts'
import { keptWith } from './generations.ts'
import { sourceOf } from './package-data.ts'
import { dropRejected } from './rejected-data.ts'
import type { Stores } from './stores.ts'

export interface ChangeRoomOptions {
  readonly stores: Stores
  readonly fetching: FetchContext
  readonly tell: (event: NewEvent) => Promise<void>
}

/**
 * Refuses what would not fit before the first byte of it is fetched, and once more before an app is
 * stopped for it. Data that was put aside gives way to what is ordered, and that is told.
 */
export class ChangeRoom {
  readonly #options: ChangeRoomOptions
  #asked: { readonly to: number; readonly answer: Promise<void> } | undefined

  constructor(options: ChangeRoomOptions) {
    this.#options = options
  }

  /** Once for all packages of a change; asked again where it was refused. */
  refuseTooLittle(
    from: Generation,
    to: Generation,
    changed: readonly GenerationPackage[],
    stop: AbortSignal,
  ): Promise<void> {
    if (this.#asked?.to === to.number) return this.#asked.answer
    const { fetching, stores } = this.#options
    const answer = this.#orGiveWay(from, to, async () => {
      const copies = await this.#needOfAll(from, changed)
      const context = { fetching, ...stores }
      await refuseTooLittleRoom(context, from.packages, changed, copies, stop)
    })
    this.#asked = { to: to.number, answer }
    answer.catch(() => {
      this.#asked = undefined
    })
    return answer
  }

  /** What apps have written since then counts too. */
  async refuseTooLittleForCopies(
    from: Generation,
    to: Generation,
    changed: readonly GenerationPackage[],
  ): Promise<void> {
    if (changed.length === 0) return
    const { paths } = this.#options.stores
    await this.#orGiveWay(from, to, async () =>
      refuseTooLittleSpace(paths.data, await this.#needOfAll(from, changed), 'copy'),
    )
  }

  async #needOfAll(from: Generation, changed: readonly GenerationPackage[]): Promise<Need> {
    const needs = changed.map(one => this.#needOf(one, packageOf(from, one.package)))
    return sumOf(await Promise.all(needs))
  }

  async #needOf(to: GenerationPackage, from: GenerationPackage | undefined): Promise<Need> {
    const source = sourceOf(this.#options.stores.paths, to, from)
    if (source === undefined) return { bytes: 0, inodes: 1 }
    return needOfCopy(source, to.behaviour.data?.shared)
  }

  async #orGiveWay(from: Generation, to: Generation, refuse: () => Promise<void>): Promise<void> {
    for (const giveWay of [() => this.#dropLeftovers(from, to), () => this.#giveWay()]) {
      try {
        return await refuse()
      } catch (error) {
        const isFull = isCoded(error, 'agent/disk-full') || isCoded(error, 'agent/no-inodes')
        if (!isFull || !(await giveWay())) throw error
      }
    }
    await refuse()
  }

  /** What was fetched for orders that were overtaken, but for what this one needs. */
  async #dropLeftovers(from: Generation, to: Generation): Promise<true> {
    const { stores } = this.#options
    await dropObjects(stores, await keptWith(stores.paths, from), to)
    return true
  }

  async #giveWay(): Promise<boolean> {
    const { stores, tell } = this.#options
    const given = await dropRejected(stores.paths, stores.grace)
    if (given.length === 0) return false
    const names = given.map(one => `${one.package} of generation ${one.generation}`).join(', ')
    const message = `gave up data that was put aside, to make room: ${names}`.slice(0, 1000)
    await tell({ kind: 'agent', message })
    return true
  }
}
