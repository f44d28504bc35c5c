import { type Digest, digestOf, equalBytes } from '@steadfleet/base'
import { BundleError } from '../error.ts'
import { magic } from '../header.ts'
import type { ByteSource } from './byte-source.ts'
import { type DeltaHeader, deltaVersion, parseDeltaHeader, prefixLength } from './header.ts'
import { type StreamPlace, StreamReader, windowOf } from './stream-reader.ts'
import { mostWindow, type StreamName, streamNames } from './streams.ts'

/** What a delta is applied to, and what its reader will take. */
export interface DeltaTarget {
  /** The listing, as bytes, of the tree whose objects are all there. */
  readonly from: Uint8Array
  /** The tree that was asked for. */
  readonly tree: Digest
  /** Bytes of the new tree's listing and of all its files that its reader will take. */
  readonly bytes: number
  /** Bytes of the listing alone, where they are known: it is made in memory. */
  readonly listing?: number
  /** An object of `from`. */
  open(digest: Digest): Promise<ByteSource>
  /** Objects that an earlier try has kept; they are passed over, but for the listing. */
  readonly done?: { has(digest: Digest): boolean }
}

export type Streams = Readonly<Record<StreamName, StreamReader>>

/** Reads and checks all that a delta says before its first object. */
export async function openDelta(
  delta: ByteSource,
  target: DeltaTarget,
): Promise<{ header: DeltaHeader; places: readonly StreamPlace[] }> {
  const prefix = await readUpTo(delta, 0, prefixLength)
  refusePrefix(prefix)
  const length = ((prefix[prefixLength - 2] ?? 0) << 8) | (prefix[prefixLength - 1] ?? 0)
  const header = parseDeltaHeader(await readUpTo(delta, prefixLength, length))
  refuseHeader(header, target)
  const places = placesOf(header.streams, prefixLength + length)
  await refusePlaces(delta, places, prefixLength + length)
  return { header, places }
}

function refusePrefix(prefix: Uint8Array): void {
  if (!equalBytes(prefix.subarray(0, magic.length), magic)) {
    throw new BundleError('bundle/not-a-bundle', 'cannot read delta: it does not begin as one')
  }
  const version = prefix[magic.length] ?? 0
  if (version === deltaVersion) return
  const message = `cannot read delta: version ${version}, only ${deltaVersion} is known here`
  throw new BundleError('bundle/version', message, { version })
}

function refuseHeader(header: DeltaHeader, target: DeltaTarget): void {
  if (header.tree !== target.tree) {
    const message = `cannot take delta: it makes tree ${header.tree}, which was not asked for`
    throw new BundleError('bundle/wrong-object', message, { digest: header.tree })
  }
  const from = digestOf(target.from)
  if (header.from !== from) {
    const message = `cannot apply delta: it is of tree ${header.from}, here is ${from}`
    throw new BundleError('bundle/base', message, { digest: header.from })
  }
  refuseLength(header.listing, { bytes: target.listing ?? target.bytes })
  // A copy, an insertion, a seek and a gap for each byte that is made is more than anybody needs.
  for (const { length } of header.streams) refuseLength(length / 4 - 1024, target)
}

/** Refuses what would unpack to more than its reader will take. */
export function refuseLength(found: number, { bytes }: Pick<DeltaTarget, 'bytes'>): void {
  if (found <= bytes) return
  const message = `cannot take delta: it unpacks to ${Math.ceil(found)} bytes, allowed are ${bytes}`
  throw new BundleError('bundle/too-large', message, { limit: bytes, found: Math.ceil(found) })
}

/** Where each stream lies; those that a header leaves out are empty. */
export function placesOf(streams: DeltaHeader['streams'], start: number): StreamPlace[] {
  let position = start
  return streamNames.map(name => {
    const { length, packed } = streams.find(stream => stream.name === name) ?? {
      length: 0,
      packed: 0,
    }
    position += packed
    return { name, position: position - packed, packed, length }
  })
}

async function refusePlaces(
  delta: ByteSource,
  places: readonly StreamPlace[],
  start: number,
): Promise<void> {
  const end = places.reduce((sum, { packed }) => sum + packed, start)
  if (delta.length < end) throw cut(end - delta.length)
  if (delta.length > end) {
    throw new BundleError('bundle/excess', 'cannot read delta: bytes follow its last stream')
  }
  let window = 0
  for (const { position, packed } of places) {
    if (packed > 0) window += windowOf((await delta.read(position, 1))[0] ?? 0)
  }
  if (window <= mostWindow) return
  const message = `cannot take delta: its windows are ${window} bytes, allowed are ${mostWindow}`
  throw new BundleError('bundle/too-large', message, { limit: mostWindow, found: window })
}

/** A reader for each stream, none of which has begun. */
export function streamsOf(delta: ByteSource, places: readonly StreamPlace[]): Streams {
  const [way, copy, insert, seek, gap, residual, moves, shift, literal] = places.map(
    place => new StreamReader(delta, place),
  )
  if (!way || !copy || !insert || !seek || !gap || !residual || !moves || !shift || !literal) {
    throw new RangeError('a delta has nine streams')
  }
  return { way, copy, insert, seek, gap, residual, moves, shift, literal }
}

async function readUpTo(delta: ByteSource, position: number, length: number): Promise<Uint8Array> {
  if (position + length > delta.length) throw cut(position + length - delta.length)
  return await delta.read(position, length)
}

function cut(missing: number): BundleError {
  return new BundleError('bundle/cut', `cannot read delta: ${missing} bytes missing`)
}
