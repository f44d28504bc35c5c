import { join } from 'node:path'
import { type Digest, digestOf, toCanonical } from '@steadfleet/base'
import {
  acceptOrder,
  acceptOwnerRoot,
  acceptPolicy,
  type Envelope,
  type FloorCell,
  type Floors,
  keySetName,
  type Order,
  type OwnerRoot,
  payloadTypes,
  raiseFloors,
  refuseRollback,
  TrustError,
  type TrustPolicy,
} from '@steadfleet/trust'
import { readIfThere, writeDurably } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { CatalogueFiles } from './catalogue-files.ts'
import type { Enrolment } from './enrolment.ts'
import { type FloorCells, FloorFiles } from './floor-cells.ts'
import { type Held, isSignedBy, readHeld } from './held.ts'
import { LogState } from './log-state.ts'
import { judged } from './offered.ts'
import { type StatementName, type Taken, writeStatement } from './statement-file.ts'

/**
 * Everything the device believes, on disk and as read: roots, policy, the last order, the floors. What
 * is torn in every copy, or lies below its floor, counts as lost: it authorises nothing until it has
 * been fetched anew and verified, from the generation before it or the first root of the enrolment on.
 */
export class TrustState {
  readonly #paths: Paths
  readonly #enrolment: Enrolment
  readonly #cells: FloorCells
  #cell: FloorCell
  #raising: Promise<void> = Promise.resolve()
  #ownerRoot: Taken<OwnerRoot> | undefined
  #policy: Taken<TrustPolicy> | undefined
  #order: Taken<Order> | undefined
  readonly #catalogues = new Map<string, CatalogueFiles>()
  /** The newest checkpoint of each log that was accepted. */
  readonly log: LogState
  /** The files that were found torn, and were written again from what was whole. */
  readonly torn: readonly string[]

  private constructor(paths: Paths, enrolment: Enrolment, cells: FloorCells, held: Held) {
    this.#paths = paths
    this.#enrolment = enrolment
    this.#cells = cells
    this.#cell = held.cell
    this.#ownerRoot = held.ownerRoot.value
    this.#policy = held.policy.value
    this.#order = held.order.value
    this.log = new LogState(paths.trust, this)
    this.torn = [held.ownerRoot, held.policy, held.order].flatMap(({ torn }) => torn)
  }

  static async open(
    paths: Paths,
    enrolment: Enrolment,
    cells: FloorCells = new FloorFiles(paths.trust),
  ): Promise<TrustState> {
    const state = new TrustState(paths, enrolment, cells, {
      cell: (await cells.read()) ?? { generation: 0, floors: new Map() },
      ...(await readHeld(paths)),
    })
    // Taking something and raising its floor are two writes; a crash, or damage, may come between.
    await state.raise(state.#standing())
    return state
  }

  get floors(): Floors {
    return this.#cell.floors
  }

  /** The last order this device accepted. */
  get order(): Order | undefined {
    const order = this.#order?.statement
    return order && order.counter >= this.#floor('order') ? order : undefined
  }

  /** The last accepted order as it was signed. */
  get sealedOrder(): Envelope | undefined {
    return this.order && this.#order?.envelope
  }

  /** The order's counter; one less than the last accepted one where that is lost, to be sent it again. */
  get counter(): number {
    return this.order?.counter ?? Math.max(0, this.#floor('order') - 1)
  }

  /** The versions of what is held; 0 for what is lost. */
  get versions(): { readonly ownerRoot: number; readonly policy: number } {
    const [root, policy] = [this.#ownerRoot, this.#policy]
    return { ownerRoot: root?.statement.version ?? 0, policy: policy?.statement.version ?? 0 }
  }

  /** Whose releases count. Errors: `trust/torn-state` where it is lost and not fetched again yet. */
  get policy(): TrustPolicy {
    return this.#held('policy', this.#policy).statement
  }

  /** {@link policy}, or undefined where it is lost: for whoever only tells of it. */
  get heldPolicy(): TrustPolicy | undefined {
    const { policy } = this.versions
    return policy > 0 && policy >= this.#floor('policy') ? this.#policy?.statement : undefined
  }

  /** What the owner signed, as it came. Errors: `trust/torn-state` where it is lost. */
  get sealed(): { readonly root: Envelope; readonly policy: Envelope } {
    const { envelope: root } = this.#held('owner-root', this.#ownerRoot)
    return { root, policy: this.#held('policy', this.#policy).envelope }
  }

  /** The later of the clock and the last signed time seen: a clock that fell back is not believed. */
  time(clock: Date): Date {
    return new Date(Math.max(clock.getTime(), this.#floor(this.#timeName()) * 1000))
  }

  /** One for each director: a stolen key that signed a time to come is recovered from by new keys. */
  #timeName(): string {
    const root = this.#ownerRoot?.statement
    return root ? `time/${keySetName(root, 'director')}` : 'time'
  }

  /** Raises floors, one caller after the other. */
  raise(raised: Floors): Promise<void> {
    const turn = this.#raising.then(() => this.#raise(raised))
    this.#raising = turn.catch(() => undefined)
    return turn
  }

  async #raise(raised: Floors): Promise<void> {
    const floors = raiseFloors(this.floors, raised)
    if ([...floors].every(([name, floor]) => this.floors.get(name) === floor)) return
    const cell = { generation: this.#cell.generation + 1, floors }
    await this.#cells.write(cell)
    this.#cell = cell
  }

  takeOwnerRoot(envelope: Envelope): Promise<void> {
    return judged(nameOf(envelope), () => this.#takeOwnerRoot(envelope))
  }

  async #takeOwnerRoot(envelope: Envelope): Promise<void> {
    const held = this.#ownerRoot?.statement ?? this.#enrolment.ownerRoot
    const offered = acceptOwnerRoot(held, envelope)
    await this.#write('owner-root.json', envelope, this.#ownerRoot)
    this.#ownerRoot = { statement: offered, envelope }
    await this.raise(new Map([['owner-root', offered.version]]))
  }

  takePolicy(envelope: Envelope): Promise<void> {
    return judged(nameOf(envelope), () => this.#takePolicy(envelope))
  }

  async #takePolicy(envelope: Envelope): Promise<void> {
    const { owner } = this.#enrolment
    const root = this.#held('owner-root', this.#ownerRoot).statement
    const offered = acceptPolicy(root, this.#policy?.statement, envelope, { owner })
    refuseRollback('trust policy', this.#floor('policy'), offered.version)
    await this.#write('policy.json', envelope, this.#policy)
    this.#policy = { statement: offered, envelope }
    await this.raise(new Map([['policy', offered.version]]))
  }

  /** What an order says that this device would take, and the held one once more; nothing is taken yet. */
  weighOrder(envelope: Envelope, clock: Date): Order {
    const { order } = this
    if (order && this.#order?.envelope.payload === envelope.payload) return order
    return this.#judgeOrder(envelope, clock)
  }

  /** Takes an order for good: from here on it is finished from what is stored, not checked again. */
  takeOrder(envelope: Envelope, clock: Date): Promise<Order> {
    return judged(nameOf(envelope), () => this.#takeOrder(envelope, clock))
  }

  async #takeOrder(envelope: Envelope, clock: Date): Promise<Order> {
    const offered = this.#judgeOrder(envelope, clock)
    await this.#write('order.json', envelope, this.#order)
    this.#order = { statement: offered, envelope }
    await this.raise(this.#standing())
    return offered
  }

  #judgeOrder(envelope: Envelope, clock: Date): Order {
    const { device, owner } = this.#enrolment
    const address = { device, owner, counter: this.counter }
    const root = this.#held('owner-root', this.#ownerRoot).statement
    return acceptOrder(address, root, envelope, this.time(clock))
  }

  /** The floors that what is held stands for. */
  #standing(): Floors {
    const floors = new Map([
      ['owner-root', this.versions.ownerRoot],
      ['policy', this.versions.policy],
      ['order', this.#order?.statement.counter ?? 0],
    ])
    if (this.#order && this.#ownerRoot && isDirectedBy(this.#ownerRoot.statement, this.#order)) {
      floors.set(this.#timeName(), Math.floor(this.#order.statement.issued.getTime() / 1000))
    }
    return floors
  }

  #floor(name: string): number {
    return this.floors.get(name) ?? 0
  }

  /** Refuses to go on from what is lost, and from what the floor says is not the newest. */
  #held<T extends { readonly version: number }>(
    name: string,
    value: Taken<T> | undefined,
  ): Taken<T> {
    const floor = this.#floor(name)
    if (value && value.statement.version >= floor) return value
    const found = value?.statement.version ?? 0
    const message = `cannot go on from ${name} ${found}: version ${floor} is lost`
    throw new TrustError('trust/torn-state', message, { name, held: floor, found })
  }

  #write(name: StatementName, envelope: Envelope, before?: Taken<unknown>): Promise<void> {
    return writeStatement(this.#paths.trust, name, envelope, before?.envelope)
  }

  /** The files of one catalogue: one object for each, so that two commits never cross. */
  catalogueFiles(name: string): CatalogueFiles {
    const held = this.#catalogues.get(name) ?? new CatalogueFiles(this.#at(`catalogue-${name}`))
    this.#catalogues.set(name, held)
    return held
  }

  /** The first root file of the catalogue with this digest, as it came with the enrolment. */
  async firstRootFile(root: Digest): Promise<Uint8Array | undefined> {
    const file = await readIfThere(this.#at('catalogue-root.json'))
    return file && digestOf(file) === root ? file : undefined
  }

  #at(name: string): string {
    return join(this.#paths.trust, name)
  }
}

/** Whether the director of this root signed the order, which may be of an earlier director's time. */
function isDirectedBy(root: OwnerRoot, { envelope }: Taken<Order>): boolean {
  return isSignedBy(root, 'director', payloadTypes.order, envelope)
}

/** The digest of an envelope is that of its file. */
function nameOf(envelope: Envelope): () => Digest {
  return () => digestOf(toCanonical(envelope))
}

/** What a device begins to trust with, once it has been held against the token. */
export async function writeFirstTrust(
  { trust }: Paths,
  first: { catalogueRoot: Uint8Array; ownerRoot: Uint8Array; policy: Envelope },
): Promise<void> {
  await writeDurably(join(trust, 'catalogue-root.json'), first.catalogueRoot)
  await writeStatement(trust, 'owner-root.json', first.ownerRoot)
  await writeStatement(trust, 'policy.json', first.policy)
}
