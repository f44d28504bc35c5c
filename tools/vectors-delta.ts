import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, brotliDecompressSync, constants, inflateSync } from 'node:zlib'
import { type Digest, digestOf, fromBase64, toDocument, toUtf8 } from '@steadfleet/base'
import { parseTree, readDelta, toByteSource, writeDelta } from '@steadfleet/bundle'
import { changes } from './vectors-delta-changes.ts'

const folder = new URL('../vectors/delta/', import.meta.url)

/** What the vectors of deltas are of: two trees, each with what it holds. */
export interface DeltaGround {
  readonly from: Uint8Array
  readonly tree: Digest
  readonly bytes: number
  readonly objects: ReadonlyMap<Digest, Uint8Array>
}

/** A delta taken apart: what it says, and what its streams hold. */
export interface Parts {
  header: {
    [member: string]: unknown
    listing: number
    streams: { name: string; length: number; packed: number }[]
  }
  readonly streams: Map<string, Uint8Array>
}

/** How a delta that was taken apart is put together: by hand where a vector wants it otherwise. */
export interface Assembly {
  /** The packed stream in place of the one that brotli makes. */
  readonly pack?: (name: string, bytes: Uint8Array) => Uint8Array | undefined
  /** The last word on the header. */
  readonly say?: (header: Parts['header']) => object
}

/** The frozen trees; what the newer one holds is made by the delta that is frozen with them. */
export async function readGround(): Promise<DeltaGround> {
  const index = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'))
  const from = toUtf8(index.from)
  const old = Object.values<string>(index.objects).map(
    text => new Uint8Array(inflateSync(fromBase64(text))),
  )
  const objects = new Map<Digest, Uint8Array>(old.map(bytes => [digestOf(bytes), bytes]))
  const { tree, bytes } = index
  const open = async (digest: Digest) => toByteSource(objects.get(digest) ?? new Uint8Array())
  const whole = toByteSource(new Uint8Array(readFileSync(new URL('whole.delta', folder))))
  const made: Uint8Array[] = []
  for await (const { content } of readDelta(whole, { from, tree, bytes, open })) {
    const pieces: Uint8Array[] = []
    for await (const piece of content) pieces.push(new Uint8Array(piece))
    made.push(new Uint8Array(Buffer.concat(pieces)))
  }
  for (const content of made) objects.set(digestOf(content), content)
  return { from, tree, bytes, objects }
}

/** Every vector by its file, made anew from the two trees. */
export async function makeDeltaVectors(ground: DeltaGround): Promise<Map<string, Uint8Array>> {
  const open = async (digest: Digest) =>
    toByteSource(ground.objects.get(digest) ?? new Uint8Array())
  const to = parseTree(new Uint8Array(ground.objects.get(ground.tree) ?? []))
  const from = parseTree(new Uint8Array(ground.from))
  const pieces: Uint8Array[] = []
  for await (const piece of writeDelta({ from, to, open })) pieces.push(piece)
  const whole = new Uint8Array(Buffer.concat(pieces))
  return new Map(
    Object.entries(changes).map(([name, change]) => [`${name}.delta`, change(whole, ground)]),
  )
}

export function takeApart(delta: Uint8Array): Parts {
  const length = ((delta[9] ?? 0) << 8) | (delta[10] ?? 0)
  const header: Parts['header'] = JSON.parse(
    brotliDecompressSync(delta.subarray(11, 11 + length)).toString(),
  )
  let at = 11 + length
  const streams = new Map<string, Uint8Array>()
  for (const { name, packed } of header.streams) {
    streams.set(name, new Uint8Array(brotliDecompressSync(delta.subarray(at, at + packed))))
    at += packed
  }
  return { header, streams }
}

export function putTogether({ header, streams }: Parts, { pack, say }: Assembly = {}): Uint8Array {
  const packed = [...streams].map(([name, bytes]) => ({
    name,
    length: bytes.length,
    bytes: pack?.(name, bytes) ?? packStream(bytes),
  }))
  const refs = packed.map(({ name, length, bytes }) => ({ name, length, packed: bytes.length }))
  const said = { ...header, streams: refs }
  const head = packStream(toDocument(say?.(said) ?? said), 14)
  const prefix = [...magic, 2, head.length >> 8, head.length & 255]
  return new Uint8Array(
    Buffer.concat([new Uint8Array(prefix), head, ...packed.map(one => one.bytes)]),
  )
}

const magic = [0x89, 0x53, 0x46, 0x42, 0x0d, 0x0a, 0x1a, 0x0a]

export function packStream(bytes: Uint8Array, window = 16): Uint8Array {
  const quality = bytes.length < 2 ** 20 ? 11 : 4
  const params = {
    [constants.BROTLI_PARAM_LGWIN]: window,
    [constants.BROTLI_PARAM_QUALITY]: quality,
  }
  return new Uint8Array(brotliCompressSync(bytes, { params }))
}

// Writes the frozen vectors of deltas anew, beside the index that says what comes of each. Run it only
// when the format is meant to change.
if (import.meta.main) {
  for (const [name, bytes] of await makeDeltaVectors(await readGround())) {
    writeFileSync(new URL(name, folder), bytes)
  }
}
