import { Content } from '../content.ts'
import { Cursor } from '../cursor.ts'
import { BundleError } from '../error.ts'
import type { TreeObject } from '../objects.ts'
import { parseTree, type TreeListing } from '../tree.ts'
import type { BundleObject } from '../write.ts'
import { type ByteSource, toByteSource } from './byte-source.ts'
import { layoutOf } from './elf/layout.ts'
import type { DeltaHeader } from './header.ts'
import { exhaust, Maker, misled } from './maker.ts'
import { OldObjects } from './old-objects.ts'
import { OldReader } from './old-reader.ts'
import { type DeltaTarget, openDelta, refuseLength, type Streams, streamsOf } from './open.ts'
import { type WantedObject, wantedObjects } from './order.ts'
import { ways } from './streams.ts'

/**
 * The objects of a delta's tree that the older one lacks, the tree's listing first. As those of
 * {@link readBundle}: content that does not have its digest throws after its last byte. To go on
 * after a stop is to read again with what was kept as `done`. A piece of content is good until the next
 * one is asked for. Memory is bounded, by 24 MiB for
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
    this.#old = new OldObjects(parseTree(target.from))
  }

  async *objects(): AsyncGenerator<BundleObject> {
    const { bytes, to } = await this.#listing()
    const { tree, listing: length } = this.#header
    yield { digest: tree, length, content: toChunks(bytes) }
    const wanted = wantedObjects(to, this.#old)
    refuseLength(
      wanted.reduce((sum, { size }) => sum + size, length),
      this.#target,
    )
    for (const object of wanted) yield* this.#object(object)
  }

  async #listing(): Promise<{ bytes: Uint8Array; to: TreeListing }> {
    const { tree, listing } = this.#header
    const old = new OldReader(toByteSource(this.#target.from))
    const made = this.#maker.changed(listing, old)
    const chunks: Uint8Array[] = []
    for await (const chunk of new Content(new Cursor(made), tree, listing)) {
      chunks.push(new Uint8Array(chunk))
    }
    await exhaust(made)
    const bytes = new Uint8Array(Buffer.concat(chunks))
    return { bytes, to: parseTree(bytes) }
  }

  async *#object({ digest, size, paths }: WantedObject): AsyncGenerator<BundleObject> {
    const way = await this.#maker.number('way')
    const base = way === ways.whole ? undefined : await this.#base(way, paths)
    if (this.#target.done?.has(digest)) return await this.#skip(way, size, base)
    const made = base ? await this.#changed(way, size, base) : this.#maker.whole(size)
    const content = new Content(new Cursor(made), digest, size)
    yield { digest, length: size, content }
    await content.finish()
    // The last of an object's instructions may follow its last byte.
    await exhaust(made)
  }

  async #changed(way: number, size: number, base: TreeObject): Promise<AsyncGenerator<Uint8Array>> {
    const source = await this.#target.open(base.digest)
    if (source.length !== base.size) {
      const message = `cannot apply delta: old object ${base.digest} has ${source.length} bytes`
      throw new BundleError('bundle/base', message, { digest: base.digest })
    }
    const old = new OldReader(source)
    if (!isCode(way)) return this.#maker.changed(size, old)
    const predictor = await this.#maker.predictor(await layoutOf(source))
    return this.#maker.changed(size, old, predictor)
  }

  async #skip(way: number, size: number, base: TreeObject | undefined): Promise<void> {
    if (!base) return await exhaust(this.#maker.whole(size))
    if (isCode(way)) await this.#maker.moves()
    await this.#maker.skip(size, base.size)
  }

  async #base(way: number, paths: readonly string[]): Promise<TreeObject> {
    if (way > ways.otherCode) throw misled(`it has an object of way ${way}`)
    const isSamePath = way === ways.samePath || way === ways.samePathCode
    const place = isSamePath
      ? (this.#old.placeAt(paths) ?? -1)
      : this.#lastPlace + 1 + (await this.#maker.signed('way'))
    this.#lastPlace = place
    const base = this.#old.all[place]
    if (!base) throw misled('it names an old object that is not there')
    return base
  }
}

function isCode(way: number): boolean {
  return way === ways.samePathCode || way === ways.otherCode
}

async function* toChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
