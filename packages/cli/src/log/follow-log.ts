import {
  entriesPath,
  type Frontier,
  frontierHead,
  growFrontier,
  parseEntryBundle,
  tileWidth,
} from '@steadfleet/authority'
import { equalBytes, fromUtf8, toHex } from '@steadfleet/base'
import {
  type Client,
  fetchIfThere,
  getLogCheckpoint,
  getLogTile,
  readCapped,
} from '@steadfleet/protocol'
import {
  acceptCheckpoint,
  type LogPolicy,
  leafHash,
  type SignedCheckpoint,
  TrustError,
} from '@steadfleet/trust'
import type { Followed } from './monitor-state.ts'

/** What one look at a log brought: where it is followed to now, and what `judge` said of each new leaf. */
export interface Look<T> {
  readonly followed: Followed
  readonly found: readonly T[]
}

const longestNote = 128 * 1024
const longestBundle = tileWidth * (2 + 0xffff)

/**
 * Reads a log on from where it was left: its checkpoint must be signed and cosigned as the policy wants,
 * and the tree that all its leaves make, old and new, must be the one that it signs.
 */
export async function followLog<T>(
  client: Client,
  policy: LogPolicy,
  { checkpoint, frontier }: Followed,
  judge: (index: number, leaf: Uint8Array) => T,
): Promise<Look<T>> {
  const reply = await client.open(getLogCheckpoint, {})
  const note = fromUtf8(await readCapped('the log’s checkpoint', reply.body, longestNote))
  const offered = acceptCheckpoint(policy, undefined, { checkpoint: note, consistency: [] })
  if (checkpoint) refuseRollback(checkpoint, offered)
  let grown = frontier
  const found: T[] = []
  while (grown.size < offered.size) {
    const leaves = await fetchLeaves(client, grown.size, offered.size)
    found.push(...leaves.map((leaf, i) => judge(grown.size + i, leaf)))
    grown = growFrontier(grown, leaves.map(leafHash))
  }
  refuseFork(grown, offered, checkpoint)
  return { followed: { checkpoint: offered, frontier: grown }, found }
}

/** The leaves from `first` on that lie in one bundle. */
async function fetchLeaves(client: Client, first: number, size: number): Promise<Uint8Array[]> {
  const index = Math.floor(first / tileWidth)
  const width = Math.min(tileWidth, size - index * tileWidth)
  const begin = first - index * tileWidth
  const leaves = parseEntryBundle(await fetchBundle(client, index, width)).slice(begin, width)
  if (leaves.length === width - begin) return leaves
  const message = `cannot follow the log: entries ${index} hold fewer than ${width} leaves`
  throw new TrustError('trust/not-logged', message, { index, width })
}

/** A partial bundle may be gone once the full one is there. C2SP tlog-tiles §"Partial Tiles" */
async function fetchBundle(client: Client, index: number, width: number): Promise<Uint8Array> {
  const open = (wide?: number) =>
    client.open(getLogTile, { params: { path: entriesPath(index, wide).slice('tile/'.length) } })
  const what = `entries ${index} of the log`
  const partial =
    width < tileWidth ? await fetchIfThere(what, () => open(width), longestBundle) : undefined
  return partial ?? readCapped(what, (await open()).body, longestBundle)
}

function refuseRollback(held: SignedCheckpoint, offered: SignedCheckpoint): void {
  const { origin, size, note } = offered
  if (size >= held.size) return
  const message = `cannot follow log ${origin}: it went back from ${held.size} to ${size}`
  const facts = { origin, size, held: held.size, heldNote: held.note, offeredNote: note }
  throw new TrustError('trust/log-rollback', message, facts)
}

function refuseFork(
  frontier: Frontier,
  { origin, size, root, note }: SignedCheckpoint,
  held: SignedCheckpoint | undefined,
): void {
  const head = frontierHead(frontier)
  if (head && equalBytes(head.root, root)) return
  const notes = held ? { heldNote: held.note, offeredNote: note } : {}
  const found = head ? toHex(head.root) : ''
  const facts = { origin, size, root: toHex(root), found, ...notes }
  const message = `cannot follow log ${origin}: it signed a tree of ${size} that its leaves do not make`
  throw new TrustError('trust/log-fork', message, facts)
}
