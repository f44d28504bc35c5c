import { type Digest, equalBytes } from '@steadfleet/base'
import type { ObjectRef } from '@steadfleet/domain'
import { Content } from './content.ts'
import { Cursor } from './cursor.ts'
import { BundleError } from './error.ts'
import { type BundleHeader, bundleVersion, contentLength, magic, parseHeader } from './header.ts'
import type { BundleObject } from './write.ts'
import { type Bytes, decompress } from './zstd.ts'

/** What a reader will take. Counts and lengths are checked before the first object is unpacked. */
export interface BundleLimits {
  readonly objects: number
  readonly bytes: number
  /** The tree that was asked for; a bundle of another is refused. */
  readonly tree?: Digest
  /** The objects that may come; a bundle that holds another is refused. */
  readonly wanted?: { has(digest: Digest): boolean }
}

/** A bundle whose header is read and accepted, and whose objects come as they are taken. */
export interface OpenBundle {
  readonly header: BundleHeader
  readonly objects: AsyncGenerator<BundleObject>
}

/**
 * The objects of a bundle. Content that does not have its digest throws after its last byte, so
 * whoever keeps an object keeps it only when its `content` has ended without a fault. Memory is
 * bounded by zstd's window of 8 MiB and the header, whatever the length of an object.
 */
export async function* readBundle(
  bytes: Bytes,
  limits: BundleLimits,
): AsyncGenerator<BundleObject> {
  const { objects } = await openBundle(bytes, limits)
  yield* objects
}

/** {@link readBundle} for a reader that wants the header before the objects. */
export async function openBundle(bytes: Bytes, limits: BundleLimits): Promise<OpenBundle> {
  const cursor = new Cursor(decompress(capped(await frameOf(new Cursor(bytes)), limits)))
  try {
    const header = await readHeader(cursor, limits)
    refuseHeader(header, limits)
    return { header, objects: readObjects(cursor, header.objects) }
  } catch (fault) {
    await cursor.close()
    throw fault
  }
}

async function frameOf(raw: Cursor): Promise<Bytes> {
  try {
    await refusePrefix(raw)
    return raw.rest()
  } catch (fault) {
    await raw.close()
    throw fault
  }
}

async function refusePrefix(raw: Cursor): Promise<void> {
  const found = await raw.exactly(magic.length)
  if (!equalBytes(found, magic)) {
    throw new BundleError('bundle/not-a-bundle', 'cannot read bundle: it does not begin as one')
  }
  const [version = 0] = await raw.exactly(1)
  if (version === bundleVersion) return
  const message = `cannot read bundle: version ${version}, only ${bundleVersion} is known here`
  throw new BundleError('bundle/version', message, { version })
}

async function readHeader(cursor: Cursor, limits: BundleLimits): Promise<BundleHeader> {
  const prefix = await cursor.exactly(4)
  const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(0)
  refuseAbove(headerLimit(limits), length, 'header')
  return parseHeader(await cursor.exactly(length))
}

function refuseHeader(header: BundleHeader, limits: BundleLimits): void {
  refuseAbove(limits.objects, header.objects.length, 'list of objects')
  refuseAbove(limits.bytes, contentLength(header), 'content')
  if (limits.tree !== undefined && limits.tree !== header.tree) throw unwanted('tree', header.tree)
  const stranger = header.objects.find(({ digest }) => limits.wanted?.has(digest) === false)
  if (stranger) throw unwanted('object', stranger.digest)
}

async function* readObjects(
  cursor: Cursor,
  promised: readonly ObjectRef[],
): AsyncGenerator<BundleObject> {
  try {
    for (const { digest, length } of promised) {
      const content = new Content(cursor, digest, length)
      yield { digest, length, content }
      await content.finish()
    }
    if ((await cursor.some(1)) === undefined) return
    throw new BundleError('bundle/excess', 'cannot read bundle: more follows its last object')
  } finally {
    await cursor.close()
  }
}

/** A header entry takes under 130 bytes; the rest is for what later writers may add. */
function headerLimit({ objects }: BundleLimits): number {
  return 4096 + objects * 160
}

/**
 * A stream that is longer than any compression of the allowed content has a purpose of its own, as
 * frames without end that unpack to nothing. zstd grows what it cannot shrink by 1 in 256.
 */
async function* capped(source: Bytes, limits: BundleLimits): AsyncGenerator<Uint8Array> {
  const most = Math.ceil((limits.bytes + headerLimit(limits)) * (1 + 1 / 128)) + 1024
  let taken = 0
  for await (const chunk of source) {
    taken += chunk.length
    refuseAbove(most, taken, 'compressed frame')
    yield chunk
  }
}

function refuseAbove(limit: number, found: number, what: string): void {
  if (found <= limit) return
  const message = `cannot take bundle: its ${what} is ${found}, allowed are ${limit}`
  throw new BundleError('bundle/too-large', message, { limit, found })
}

function unwanted(what: string, digest: Digest): BundleError {
  const message = `cannot take bundle: it holds ${what} ${digest}, which was not asked for`
  return new BundleError('bundle/wrong-object', message, { digest })
}
