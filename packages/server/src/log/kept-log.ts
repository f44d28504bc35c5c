import {
  finishGrowth,
  growLog,
  type LogKeeper,
  noteKeyOf,
  proveLogged,
  publishCheckpoint,
  readPublished,
  toLogProofText,
} from '@steadfleet/authority'
import { type CodedError, isCoded, toHex } from '@steadfleet/base'
import type { LogView } from '@steadfleet/protocol'
import {
  countWitnesses,
  type LogPolicy,
  leafHash,
  parseNote,
  type SignedCheckpoint,
} from '@steadfleet/trust'
import type { Logger } from 'pino'
import { ServerError, unknown } from '../error.ts'
import type { WitnessPlace } from './configuration.ts'
import { gatherLines } from './gather.ts'
import { type LeafIndex, openLeafIndex } from './leaf-index.ts'
import type { LeafSource } from './leaf-sources.ts'
import type { Log } from './log.ts'
import { Pusher } from './pusher.ts'
import { openWitness, type WitnessClient } from './witness-client.ts'

export interface LogOptions {
  readonly folder: string
  readonly keeper: LogKeeper
  readonly witnesses: readonly WitnessPlace[]
  /** The log that the owner's policy names now; undefined where it names none. */
  readonly policy: () => LogPolicy | undefined
  readonly sources: () => Promise<readonly LeafSource[]>
  /** Called when readers were given a newer checkpoint, and once for the one that was there. */
  readonly onPublished: () => Promise<void>
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

/**
 * The log of a store: grown from its sources, cosigned, then given to readers. What a crash left unsigned
 * or unpublished is finished first. A class because it lives until it is ended.
 */
export class KeptLog implements Omit<Log, 'shards'> {
  readonly #options: LogOptions
  readonly #index: LeafIndex
  readonly #witnesses: readonly WitnessClient[]
  readonly #pusher: Pusher
  /** Sources whose leaves are all in the log. */
  readonly #taken = new Set<string>()
  #newest: SignedCheckpoint | undefined
  #published: SignedCheckpoint | undefined
  #told = 0
  #troubles: ReadonlyMap<WitnessClient, CodedError> = new Map()

  private constructor(options: LogOptions, published: SignedCheckpoint | undefined) {
    this.#options = options
    this.#index = openLeafIndex(options.keeper.store)
    this.#newest = published
    this.#published = published
    const size = published?.size ?? 0
    this.#witnesses = options.witnesses.map(place => openWitness(place, size))
    this.#pusher = new Pusher(() => this.#push(), options.logger)
  }

  static async open(options: LogOptions): Promise<KeptLog> {
    const { store, origin, signer } = options.keeper
    const published = await readPublished(store, noteKeyOf(origin, 'ed25519', signer))
    const log = new KeptLog(options, published)
    await log.#index.readTo(published?.size ?? 0)
    return log
  }

  get folder(): string {
    return this.#options.folder
  }

  nudge(): void {
    this.#pusher.nudge()
  }

  settle(withinMs: number): Promise<boolean> {
    return this.#pusher.settle(withinMs)
  }

  isPublished(leaf: Uint8Array): boolean {
    return this.isKnown(toHex(leafHash(leaf)))
  }

  /** Whether new leaves are being taken up, or waited for by witnesses, now. */
  get isBusy(): boolean {
    return this.#pusher.isBusy
  }

  /** Whether a leaf of this hash (hexadecimal) is published. */
  isKnown(hash: string): boolean {
    return this.#placeOf(hash) !== undefined
  }

  view(): LogView {
    return {
      origin: this.#options.keeper.origin,
      signed: this.#newest?.size ?? 0,
      published: this.#published?.size ?? 0,
      quorum: this.#options.policy()?.quorum ?? 0,
      witnesses: this.#witnesses.map(witness => ({
        name: witness.place.key.name,
        size: witness.size(),
        trouble: toTrouble(this.#troubles.get(witness)),
      })),
      trouble: toTrouble(this.#pusher.trouble),
    }
  }

  async prove(hash: string, held: number): Promise<string> {
    const place = this.#placeOf(hash)
    if (!this.#published || place === undefined) {
      throw unknown('log/unknown-leaf', `leaf ${hash} in the log`, { leaf: hash })
    }
    // Of a tree larger than any here nothing can be shown; its holder will say that we went back.
    const known = held <= (this.#newest?.size ?? 0) ? held : 0
    const { store } = this.#options.keeper
    return toLogProofText(await proveLogged(store, this.#published.note, place, known))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pusher[Symbol.asyncDispose]()
  }

  /** The index of a leaf that a published checkpoint covers. */
  #placeOf(hash: string): number | undefined {
    const place = this.#index.indexOf(hash)
    return place !== undefined && place < (this.#published?.size ?? 0) ? place : undefined
  }

  async #push(): Promise<void> {
    this.#refuseOtherPolicy()
    await this.#grow()
    if (this.#newest === undefined) return
    const { size } = this.#newest
    const isCurrent = this.#published?.size === size && this.#isWitnessed(this.#published.note)
    if (!isCurrent) await this.#publish(this.#newest)
    if (this.#told === size) return
    await this.#options.onPublished()
    this.#told = size
  }

  async #grow(): Promise<void> {
    const { keeper, sources } = this.#options
    await this.#take(await finishGrowth(keeper))
    const fresh = (await sources()).filter(({ name }) => !this.#taken.has(name))
    const leaves = (await Promise.all(fresh.map(one => one.leaves()))).flat()
    const missing = leaves.filter(leaf => this.#index.indexOf(toHex(leafHash(leaf))) === undefined)
    if (missing.length > 0) {
      await growLog(keeper, missing)
      await this.#take(await finishGrowth(keeper))
    }
    for (const { name } of fresh) this.#taken.add(name)
  }

  async #take(newest: SignedCheckpoint | undefined): Promise<void> {
    await this.#index.readTo(newest?.size ?? 0)
    this.#newest = newest
  }

  async #publish(checkpoint: SignedCheckpoint): Promise<void> {
    const { keeper, logger } = this.#options
    const { note, size } = checkpoint
    const isEnough = (lines: readonly string[]): boolean => this.#isWitnessed(note + lines.join(''))
    const { lines, troubles } = await gatherLines(keeper, checkpoint, this.#witnesses, isEnough)
    this.#troubles = troubles
    if (!isEnough(lines)) throw this.#waiting(size, troubles)
    this.#published = { ...checkpoint, note: await publishCheckpoint(keeper.store, note, lines) }
    logger.info({ origin: keeper.origin, size }, 'published a checkpoint')
  }

  /** What devices follow now is another log: of another key, or a shard that is about to be opened. */
  #refuseOtherPolicy(): void {
    const { origin } = this.#options.keeper
    const wanted = this.#options.policy()?.key.name ?? origin
    if (wanted === origin) return
    const message = `cannot publish log ${origin}: the owner’s policy names ${wanted}`
    throw new ServerError('log/other-policy', message, { origin, wanted })
  }

  #isWitnessed(note: string): boolean {
    const wanted = this.#options.policy()
    return wanted === undefined || countWitnesses(wanted, parseNote(note)) >= wanted.quorum
  }

  /** That a witness has seen more is graver than that some are away: no waiting helps. */
  #waiting(size: number, troubles: ReadonlyMap<WitnessClient, CodedError>): CodedError {
    const behind = troubles.values().find(error => isCoded(error, 'log/behind'))
    if (behind) return behind
    const quorum = this.#options.policy()?.quorum ?? 0
    const away = [...troubles.keys()].map(({ place }) => place.key.name).join(', ')
    const message = `cannot publish size ${size} of the log: ${quorum} witnesses must cosign, without ${away || 'any'}`
    return new ServerError('log/waiting', message, { size, quorum })
  }
}

/** As a view tells it. */
export function toTrouble(error: Error | undefined): LogView['trouble'] {
  if (error === undefined) return null
  return { code: isCoded(error) ? error.code : 'internal', message: error.message }
}
