import { join } from 'node:path'
import { type Digest, toCanonical } from '@steadfleet/base'
import {
  acceptOrder,
  acceptOwnerRoot,
  acceptPolicy,
  type Envelope,
  encodeFloorCell,
  type FloorReading,
  type Floors,
  type Order,
  type OwnerRoot,
  parseEnvelopeBytes,
  raiseFloors,
  readFloorCells,
  reopenOrder,
  reopenOwnerRoot,
  reopenPolicy,
  type TrustPolicy,
} from '@steadfleet/trust'
import { readIfThere, writeDurably } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import { CatalogueFiles } from './catalogue-files.ts'
import type { Enrolment } from './enrolment.ts'

/** Everything the device believes, on disk and as read: roots, policy, the last order, the floors. */
export class TrustState {
  readonly #paths: Paths
  readonly #enrolment: Enrolment
  #floors: FloorReading
  #raising: Promise<void> = Promise.resolve()
  ownerRoot: OwnerRoot
  policy: TrustPolicy
  order: Order | undefined

  private constructor(paths: Paths, enrolment: Enrolment, held: Held) {
    this.#paths = paths
    this.#enrolment = enrolment
    this.#floors = held.floors
    this.ownerRoot = held.ownerRoot
    this.policy = held.policy
    this.order = held.order
  }

  static async open(paths: Paths, enrolment: Enrolment): Promise<TrustState> {
    const at = (name: string) => join(paths.trust, name)
    const [a, b] = [await readIfThere(at('floors-a')), await readIfThere(at('floors-b'))]
    const order = await readEnvelope(at('order.json'))
    const state = new TrustState(paths, enrolment, {
      floors: readFloorCells(a, b),
      ownerRoot: reopenOwnerRoot(await needEnvelope(at('owner-root.json'))),
      policy: reopenPolicy(await needEnvelope(at('policy.json'))),
      order: order && reopenOrder(order),
    })
    // Accepting an order and raising its floor are two writes; a crash may have come between.
    if (state.order) await state.raise(new Map([['order', state.order.counter]]))
    return state
  }

  get floors(): Floors {
    return this.#floors.floors
  }

  /** The counter of the last order this device accepted. */
  get counter(): number {
    return this.floors.get('order') ?? 0
  }

  /** The later of the clock and the last signed time seen: a clock that fell back is not believed. */
  time(clock: Date): Date {
    return new Date(Math.max(clock.getTime(), (this.floors.get('time') ?? 0) * 1000))
  }

  /** Raises floors, one caller after the other: two cells are written in turn. */
  raise(raised: Floors): Promise<void> {
    const turn = this.#raising.then(() => this.#raise(raised))
    this.#raising = turn.catch(() => undefined)
    return turn
  }

  async #raise(raised: Floors): Promise<void> {
    const floors = raiseFloors(this.floors, raised)
    if ([...floors].every(([name, floor]) => this.floors.get(name) === floor)) return
    const cell = { generation: this.#floors.generation + 1, floors }
    const { next } = this.#floors
    await writeDurably(this.#at(`floors-${next}`), encodeFloorCell(cell))
    this.#floors = { ...cell, next: next === 'a' ? 'b' : 'a' }
  }

  async takeOwnerRoot(envelope: Envelope): Promise<void> {
    const offered = acceptOwnerRoot(this.ownerRoot, envelope)
    await writeDurably(this.#at('owner-root.json'), toCanonical(envelope))
    this.ownerRoot = offered
    await this.raise(new Map([['owner-root', offered.version]]))
  }

  async takePolicy(envelope: Envelope): Promise<void> {
    const { owner } = this.#enrolment
    const offered = acceptPolicy(this.ownerRoot, this.policy, envelope, { owner })
    await writeDurably(this.#at('policy.json'), toCanonical(envelope))
    this.policy = offered
    await this.raise(new Map([['policy', offered.version]]))
  }

  /** Takes an order for good: from here on it is finished from what is stored, not checked again. */
  async takeOrder(envelope: Envelope, clock: Date): Promise<Order> {
    const { device, owner } = this.#enrolment
    const address = { device, owner, counter: this.counter }
    const offered = acceptOrder(address, this.ownerRoot, envelope, this.time(clock))
    await writeDurably(this.#at('order.json'), toCanonical(envelope))
    this.order = offered
    const seconds = Math.floor(offered.issued.getTime() / 1000)
    await this.raise(
      new Map([
        ['order', offered.counter],
        ['time', seconds],
      ]),
    )
    return offered
  }

  catalogueFiles(name: string): CatalogueFiles {
    return new CatalogueFiles(this.#at(`catalogue-${name}`))
  }

  /** The first root file of the catalogue with this digest, as it came with the enrolment. */
  firstRootFile(root: Digest): Promise<Uint8Array | undefined> {
    return root === this.#enrolment.catalogueRoot
      ? readIfThere(this.#at('catalogue-root.json'))
      : Promise.resolve(undefined)
  }

  #at(name: string): string {
    return join(this.#paths.trust, name)
  }
}

interface Held {
  readonly floors: FloorReading
  readonly ownerRoot: OwnerRoot
  readonly policy: TrustPolicy
  readonly order: Order | undefined
}

async function readEnvelope(path: string): Promise<Envelope | undefined> {
  const bytes = await readIfThere(path)
  return bytes && parseEnvelopeBytes(bytes)
}

async function needEnvelope(path: string): Promise<Envelope> {
  const envelope = await readEnvelope(path)
  if (envelope) return envelope
  const message = `cannot run without ${path}: join again`
  throw new AgentError('agent/not-joined', message, { path })
}
