import { type Digest, digestOf } from '@steadfleet/base'
import { type TreeListing, toTreeBytes } from '../tree.ts'
import { BaseFinder } from './bases.ts'
import { type ByteSource, toByteSource } from './byte-source.ts'
import { changesOf } from './changes.ts'
import { toDeltaPrefix } from './header.ts'
import { appendStreams } from './instructions.ts'
import { OldObjects } from './old-objects.ts'
import type { DeltaOptions } from './options.ts'
import { wantedObjects } from './order.ts'
import { packStreams, toStreamRefs } from './pack.ts'
import { type Sketch, sketchOf } from './sketch.ts'
import { makeStreams, type Streams, ways } from './streams.ts'

/** Two trees, and the objects of both. */
export interface DeltaSource {
  readonly from: TreeListing
  readonly to: TreeListing
  open(digest: Digest): Promise<ByteSource>
}

/** The bytes of a delta: a bundle of the tree `to` for whoever has all objects of the tree `from`. */
export async function* writeDelta(
  source: DeltaSource,
  { memory = 1024 ** 3, predicts = true }: DeltaOptions = {},
): AsyncGenerator<Uint8Array> {
  const writer = new DeltaWriter(source, { memory, predicts })
  const listing = await writer.addAll()
  const packed = packStreams(writer.streams)
  yield toDeltaPrefix({
    type: 'delta',
    tree: digestOf(listing),
    from: digestOf(toTreeBytes(source.from)),
    listing: listing.length,
    streams: toStreamRefs(packed),
  })
  for (const stream of packed) yield stream.packed
}

class DeltaWriter {
  readonly streams: Streams = makeStreams()
  readonly #source: DeltaSource
  readonly #options: Required<DeltaOptions>
  readonly #old: OldObjects
  readonly #finder: BaseFinder
  readonly #sketches = new Map<Digest, Sketch>()
  #lastPlace = -1

  constructor(source: DeltaSource, options: Required<DeltaOptions>) {
    this.#source = source
    this.#options = options
    this.#old = new OldObjects(source.from)
    this.#finder = new BaseFinder(source.from, source.to, digest => this.#sketch(digest))
  }

  /** Adds the new tree's listing, then each object that the older tree lacks. */
  async addAll(): Promise<Uint8Array> {
    const { from, to } = this.#source
    const listing = toTreeBytes(to)
    const old = toByteSource(toTreeBytes(from))
    appendStreams(
      this.streams,
      (await changesOf(old, toByteSource(listing), this.#options)).streams,
    )
    for (const { digest, paths } of wantedObjects(to, this.#old)) await this.#add(digest, paths)
    return listing
  }

  async #add(digest: Digest, paths: readonly string[]): Promise<void> {
    const next = await this.#source.open(digest)
    const base = next.length === 0 ? undefined : await this.#finder.find(digest, paths)
    const place = base === undefined ? undefined : this.#old.placeOf(base)
    if (base === undefined || place === undefined) return await this.#addWhole(next)
    const changes = await changesOf(await this.#source.open(base), next, this.#options)
    const isSamePath = place === this.#old.placeAt(paths)
    const [same, other] = changes.isCode
      ? [ways.samePathCode, ways.otherCode]
      : [ways.samePath, ways.other]
    this.streams.way.varint(isSamePath ? same : other)
    if (!isSamePath) this.streams.way.signed(place - this.#lastPlace - 1)
    this.#lastPlace = place
    appendStreams(this.streams, changes.streams)
  }

  async #addWhole(next: ByteSource): Promise<void> {
    this.streams.way.varint(ways.whole)
    for (let at = 0; at < next.length; at += 1 << 20) {
      const length = Math.min(1 << 20, next.length - at)
      this.streams.literal.append(await next.read(at, length))
    }
  }

  async #sketch(digest: Digest): Promise<Sketch> {
    const held = this.#sketches.get(digest)
    if (held) return held
    const object = await this.#source.open(digest)
    const sketch = sketchOf(await object.read(0, Math.min(object.length, 1 << 26)))
    this.#sketches.set(digest, sketch)
    return sketch
  }
}
