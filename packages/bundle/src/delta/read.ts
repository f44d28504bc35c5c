import { type Digest, digestOf, equalBytes } from '@steadfleet/base'
import { Content } from '../content.ts'
import { Cursor } from '../cursor.ts'
import { BundleError } from '../error.ts'
import { magic } from '../header.ts'
import { parseTree, type TreeListing, toTreeBytes } from '../tree.ts'
import type { BundleObject } from '../write.ts'
import { type ByteSource, toByteSource } from './byte-source.ts'
import { type DeltaHeader, deltaVersion, parseDeltaHeader, prefixLength } from './header.ts'
import { Maker, misled } from './maker.ts'
import { OldObjects } from './old-objects.ts'
import { OldReader } from './old-reader.ts'
import { type WantedObject, wantedObjects } from './order.ts'
import { type StreamPlace, StreamReader, windowOf } from './stream-reader.ts'
import { mostWindow, type StreamName, streamNames, ways } from './streams.ts'

/** What a delta is applied to, and what its reader will take. */
export interface DeltaTarget {
  /** The tree whose objects are all there. */
  readonly from: TreeListing
  /** The tree that was asked for. */
  readonly tree: Digest
  /** Bytes of the new tree's listing and of all its files that its reader will take. */
  readonly bytes: number
  /** An object of `from`. */
  open(digest: Digest): Promise<ByteSource>
  /** Objects that an earlier try has kept; they are passed over, but for the listing. */
  readonly done?: { has(digest: Digest): boolean }
}

/**
 * The objects of a delta's tree that the older one lacks, the tree's listing first. As those of
 * {@link readBundle}: content that does not have its digest throws after its last byte. To go on
 * after a stop is to read again with what was kept as `done`. Memory is bounded, by 24 MiB for
 * brotli's windows and by the listings, whatever the length of an object.
 */
export async function* readDelta(
  delta: ByteSource,
  target: DeltaTarget,
): AsyncGenerator<BundleObject> {
  const { header, places } = await openDelta(delta, target)
  const streams = streamsOf(delta, places)
  try {
    const applier = new Applier(streams, header, target)
    yield* applier.objects()
    for (const stream of Object.values(streams)) await stream.finish()
  } finally {
    for (const stream of Object.values(streams)) await stream.close()
  }
}

class Applier {
  readonly #maker: Maker
  readonly #header: DeltaHeader
  readonly #target: DeltaTarget
  readonly #old: OldObjects
  #lastPlace = -1

  constructor(streams: Streams, header: DeltaHeader, target: DeltaTarget) {
    this.#maker = new Maker(streams)
    this.#header = header
    this.#target = target
    this.#old = new OldObjects(target.from)
  }

  async *objects(): AsyncGenerator<BundleObject> {
    const { bytes, to } = await this.#listing()
    const { tree, listing: length } = this.#header
    yield { digest: tree, length, content: toChunks(bytes) }
    const wanted = wantedObjects(to, this.#target.from)
    refuseLength(
      wanted.reduce((sum, { size }) => sum + size, length),
      this.#target,
    )
    for (const object of wanted) yield* this.#object(object)
  }

  async #listing(): Promise<{ bytes: Uint8Array; to: TreeListing }> {
    const { tree, listing } = this.#header
    const old = new OldReader(toByteSource(toTreeBytes(this.#target.from)))
    const made = this.#maker.changed(listing, old.length, old)
    const chunks: Uint8Array[] = []
    for await (const chunk of new Content(new Cursor(made), tree, listing)) {
      chunks.push(chunk.slice())
    }
    await end(made)
    const bytes = new Uint8Array(Buffer.concat(chunks))
    return { bytes, to: parseTree(bytes) }
  }

  async *#object({ digest, size, paths }: WantedObject): AsyncGenerator<BundleObject> {
    const isDone = this.#target.done?.has(digest) === true
    const made = await this.#made(size, paths, isDone)
    if (!isDone) {
      const content = new Content(new Cursor(made), digest, size)
      yield { digest, length: size, content }
      await content.finish()
    }
    await end(made)
  }

  async #made(
    size: number,
    paths: readonly string[],
    isDone: boolean,
  ): Promise<AsyncGenerator<Uint8Array>> {
    const way = await this.#maker.number('way')
    if (way === ways.whole) return this.#maker.whole(size)
    const base = this.#old.all[await this.#place(way, paths)]
    if (!base) throw misled('it names an old object that is not there')
    if (isDone) return this.#maker.changed(size, base.size)
    const source = await this.#target.open(base.digest)
    if (source.length !== base.size) {
      const message = `cannot apply delta: old object ${base.digest} has ${source.length} bytes`
      throw new BundleError('bundle/base', message, { digest: base.digest })
    }
    return this.#maker.changed(size, base.size, new OldReader(source))
  }

  async #place(way: number, paths: readonly string[]): Promise<number> {
    if (way !== ways.samePath && way !== ways.other) throw misled(`it has an object of way ${way}`)
    const place =
      way === ways.samePath
        ? (this.#old.placeAt(paths) ?? -1)
        : this.#lastPlace + 1 + (await this.#maker.signed('way'))
    this.#lastPlace = place
    return place
  }
}

type Streams = Readonly<Record<StreamName, StreamReader>>

async function openDelta(
  delta: ByteSource,
  target: DeltaTarget,
): Promise<{ header: DeltaHeader; places: readonly StreamPlace[] }> {
  const prefix = await readUpTo(delta, 0, prefixLength)
  refusePrefix(prefix)
  const length = ((prefix[prefixLength - 2] ?? 0) << 8) | (prefix[prefixLength - 1] ?? 0)
  const header = parseDeltaHeader(await readUpTo(delta, prefixLength, length))
  refuseHeader(header, target)
  const places = placesOf(header, prefixLength + length)
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
  const from = digestOf(toTreeBytes(target.from))
  if (header.from !== from) {
    const message = `cannot apply delta: it is of tree ${header.from}, here is ${from}`
    throw new BundleError('bundle/base', message, { digest: header.from })
  }
  refuseLength(header.listing, target)
  // A copy, an insertion, a seek and a gap for each byte that is made is more than anybody needs.
  for (const { length } of header.streams) refuseLength(length / 4 - 1024, target)
}

function refuseLength(found: number, { bytes }: DeltaTarget): void {
  if (found <= bytes) return
  const message = `cannot take delta: it unpacks to ${Math.ceil(found)} bytes, allowed are ${bytes}`
  throw new BundleError('bundle/too-large', message, { limit: bytes, found: Math.ceil(found) })
}

function placesOf(header: DeltaHeader, start: number): StreamPlace[] {
  let position = start
  return streamNames.map(name => {
    const { length, packed } = header.streams.find(stream => stream.name === name) ?? {
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

function streamsOf(delta: ByteSource, places: readonly StreamPlace[]): Streams {
  const [way, copy, insert, seek, gap, residual, moves, literal] = places.map(
    place => new StreamReader(delta, place),
  )
  if (!way || !copy || !insert || !seek || !gap || !residual || !moves || !literal) {
    throw new RangeError('a delta has eight streams')
  }
  return { way, copy, insert, seek, gap, residual, moves, literal }
}

async function readUpTo(delta: ByteSource, position: number, length: number): Promise<Uint8Array> {
  if (position + length > delta.length) throw cut(position + length - delta.length)
  return await delta.read(position, length)
}

function cut(missing: number): BundleError {
  return new BundleError('bundle/cut', `cannot read delta: ${missing} bytes missing`)
}

/** Carries out what instructions follow the last byte of an object, or all of them. */
async function end(made: AsyncGenerator<Uint8Array>): Promise<void> {
  while (!(await made.next()).done);
}

async function* toChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
