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
import { openLeafIndex } from './leaf-index.ts'
import type { LeafSource } from './leaf-sources.ts'
import { makePusher } from './pusher.ts'
import { openWitness } from './witness-client.ts'

export interface LogOptions {
  readonly keeper: LogKeeper
  readonly witnesses: readonly WitnessPlace[]
  /** The log that the owner's policy names now; undefined where it names none. */
  readonly policy: () => LogPolicy | undefined
  readonly sources: () => Promise<readonly LeafSource[]>
  /** Called when readers were given a newer checkpoint, and once for the one that was there. */
  readonly onPublished: () => Promise<void>
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

/** The transparency log that this server keeps: it takes up by itself whatever its sources hold. */
export interface Log extends AsyncDisposable {
  /** Looks for new leaves at once; what is found is published as soon as it can be. */
  nudge(): void
  /** True when all that is there now is published; false where that takes longer than this. */
  settle(withinMs: number): Promise<boolean>
  isPublished(leaf: Uint8Array): boolean
  view(): LogView
  /** The proof of a leaf, by its hash in hexadecimal, for a reader that holds a tree of this size. */
  prove(hash: string, held: number): Promise<string>
}

/** Opens the log of a store; what a crash left unsigned or unpublished is finished in the background. */
export async function openLog(options: LogOptions): Promise<Log> {
  const { keeper, policy } = options
  const { store, origin } = keeper
  const key = noteKeyOf(origin, 'ed25519', keeper.signer)
  const index = openLeafIndex(store)
  let published = await readPublished(store, key)
  let newest = published
  let told = 0
  await index.readTo(published?.size ?? 0)
  const witnesses = options.witnesses.map(place => openWitness(place, published?.size ?? 0))
  let troubles: ReadonlyMap<unknown, CodedError> = new Map()
  const taken = new Set<string>()

  const isWitnessed = (note: string): boolean => {
    const wanted = policy()
    return wanted === undefined || countWitnesses(wanted, parseNote(note)) >= wanted.quorum
  }

  async function grow(): Promise<void> {
    newest = await finishGrowth(keeper)
    await index.readTo(newest?.size ?? 0)
    const fresh = (await options.sources()).filter(({ name }) => !taken.has(name))
    const leaves = (await Promise.all(fresh.map(one => one.leaves()))).flat()
    const missing = leaves.filter(leaf => index.indexOf(toHex(leafHash(leaf))) === undefined)
    if (missing.length > 0) {
      await growLog(keeper, missing)
      newest = await finishGrowth(keeper)
      await index.readTo(newest?.size ?? 0)
    }
    for (const { name } of fresh) taken.add(name)
  }

  async function publish(checkpoint: SignedCheckpoint): Promise<void> {
    const { note } = checkpoint
    const isEnough = (lines: readonly string[]): boolean => isWitnessed(note + lines.join(''))
    const gathered = await gatherLines(keeper, checkpoint, witnesses, isEnough)
    troubles = gathered.troubles
    if (!isEnough(gathered.lines)) throw waiting(checkpoint, gathered.lines.length, policy())
    const witnessed = await publishCheckpoint(store, note, gathered.lines)
    published = { ...checkpoint, note: witnessed }
    options.logger.info({ origin, size: checkpoint.size }, 'published a checkpoint')
  }

  const pusher = makePusher(async () => {
    await grow()
    if (newest === undefined) return
    const isCurrent = published?.size === newest.size && isWitnessed(published.note)
    if (!isCurrent) await publish(newest)
    if (told === newest.size) return
    await options.onPublished()
    told = newest.size
  }, options.logger)

  return {
    nudge: pusher.nudge,
    settle: pusher.settle,
    isPublished(leaf) {
      const place = index.indexOf(toHex(leafHash(leaf)))
      return place !== undefined && place < (published?.size ?? 0)
    },
    view: () => ({
      origin,
      signed: newest?.size ?? 0,
      published: published?.size ?? 0,
      quorum: policy()?.quorum ?? 0,
      witnesses: witnesses.map(witness => ({
        name: witness.place.key.name,
        size: witness.size(),
        trouble: toTrouble(troubles.get(witness)),
      })),
      trouble: toTrouble(pusher.trouble()),
    }),
    async prove(hash, held) {
      const place = index.indexOf(hash)
      if (!published || place === undefined || place >= published.size) {
        throw unknown('log/unknown-leaf', `leaf ${hash} in the log`, { leaf: hash })
      }
      // Of a tree larger than any here nothing can be shown; its holder will say that we went back.
      const known = held <= (newest?.size ?? 0) ? held : 0
      return toLogProofText(await proveLogged(store, published.note, place, known))
    },
    [Symbol.asyncDispose]: pusher[Symbol.asyncDispose],
  }
}

function waiting(
  { size }: SignedCheckpoint,
  lines: number,
  wanted: LogPolicy | undefined,
): ServerError {
  const quorum = wanted?.quorum ?? 0
  const message = `cannot publish size ${size} of the log: ${lines} of ${quorum} witnesses cosigned it`
  return new ServerError('log/waiting', message, { size, lines, quorum })
}

function toTrouble(error: Error | undefined): LogView['trouble'] {
  if (error === undefined) return null
  return { code: isCoded(error) ? error.code : 'internal', message: error.message }
}
