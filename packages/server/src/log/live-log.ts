import type { LogView } from '@steadfleet/protocol'
import type { Logger } from 'pino'
import { type KeptLog, toTrouble } from './kept-log.ts'
import type { Log } from './log.ts'
import { Pusher } from './pusher.ts'
import { viewShards } from './shards.ts'

export interface LiveLogOptions {
  /** The data directory, in which every shard has a folder. */
  readonly folder: string
  /** The shard that the owner's policy names now; undefined where it names no log of this server. */
  readonly chosen: () => number | undefined
  readonly openShard: (shard: number) => Promise<KeptLog>
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

/** So long whoever asks for a proof is let wait, where the log is at work. */
const proofPatienceMs = 5000

/**
 * The log under whichever name the owner's policy gives it: a policy that opens a shard is followed at once.
 * Nothing of that is kept anywhere else, so a start after a crash opens the same. A class because it lives
 * until it is ended.
 */
export class LiveLog implements Log {
  readonly #options: LiveLogOptions
  readonly #follower: Pusher
  #shard: number
  #current: KeptLog

  private constructor(options: LiveLogOptions, shard: number, current: KeptLog) {
    this.#options = options
    this.#shard = shard
    this.#current = current
    this.#follower = new Pusher(() => this.#follow(), options.logger)
  }

  static async open(options: LiveLogOptions, shard: number): Promise<LiveLog> {
    return new LiveLog(options, shard, await options.openShard(shard))
  }

  get folder(): string {
    return this.#current.folder
  }

  nudge(): void {
    this.#follower.nudge()
  }

  async settle(withinMs: number): Promise<boolean> {
    const end = performance.now() + withinMs
    const isFollowed = await this.#follower.settle(withinMs)
    return isFollowed && this.#current.settle(Math.max(0, end - performance.now()))
  }

  isPublished(leaf: Uint8Array): boolean {
    return this.#current.isPublished(leaf)
  }

  view(): LogView {
    const view = this.#current.view()
    return { ...view, trouble: toTrouble(this.#follower.trouble) ?? view.trouble }
  }

  shards() {
    return viewShards(this.#options.folder, this.#shard)
  }

  /** What was signed a moment ago is on its way into the log: whoever heard of it already is let wait. */
  async prove(hash: string, held: number): Promise<string> {
    const isAtWork = this.#follower.isBusy || this.#current.isBusy
    if (isAtWork && !this.#current.isKnown(hash)) await this.settle(proofPatienceMs)
    return this.#current.prove(hash, held)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]()
    await this.#current[Symbol.asyncDispose]()
  }

  async #follow(): Promise<void> {
    const shard = this.#options.chosen() ?? this.#shard
    if (shard !== this.#shard) {
      const next = await this.#options.openShard(shard)
      // It publishes nothing more: what was closed stays as it was read last.
      await this.#current[Symbol.asyncDispose]()
      this.#current = next
      this.#shard = shard
      this.#options.logger.info({ shard }, 'follows the log under its next name')
    }
    this.#current.nudge()
  }
}
