import type { LogShard, LogView } from '@steadfleet/protocol'
import { unknown } from '../error.ts'

/** The transparency log that this server keeps: it takes up by itself whatever its sources hold. */
export interface Log extends AsyncDisposable {
  /** Where the files of the open shard lie that readers are given. */
  readonly folder: string
  /** Looks for new leaves at once; what is found is published as soon as it can be. */
  nudge(): void
  /** True when all that is there now is published; false where that takes longer than this. */
  settle(withinMs: number): Promise<boolean>
  isPublished(leaf: Uint8Array): boolean
  view(): LogView
  /** Every shard that was published, the closed ones too. */
  shards(): Promise<LogShard[]>
  /** The proof of a leaf, by its hash in hexadecimal, for a reader that holds a tree of this size. */
  prove(hash: string, held: number): Promise<string>
}

/** Where no log is kept nothing waits for it. */
export const noLog: Log = {
  folder: '/nonexistent',
  nudge: () => undefined,
  settle: async () => true,
  isPublished: () => true,
  view: () => refuseNone(),
  shards: async () => [],
  prove: async () => refuseNone(),
  [Symbol.asyncDispose]: async () => undefined,
}

function refuseNone(): never {
  throw unknown('log/none', 'the log: this server keeps none')
}
