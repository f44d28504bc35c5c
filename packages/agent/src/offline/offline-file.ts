import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { digestFromHex, digestOf, equalBytes, toHex, toHexDigest } from '@steadfleet/base'
import {
  BundleError,
  type OfflineEntry,
  offlineHeadLength,
  offlineLimits,
  offlineNameLength,
  offlinePrefix,
  offlineSum,
  parseOfflineHead,
  refuseOtherPrefix,
} from '@steadfleet/bundle'
import { AgentError, isSystemError } from '../error.ts'

/** Where the content of an entry lies in the file. */
interface Place {
  readonly entry: OfflineEntry
  readonly at: number
}

/**
 * An offline file, its heads read and held against their sum. Contents are read when they are asked for:
 * documents are checked then, bundles check themselves. docs/formats/offline.md
 */
export class OfflineFile implements AsyncDisposable {
  readonly path: string
  readonly #file: FileHandle
  readonly #places: ReadonlyMap<string, Place>
  /** Where the bundles begin: what lies before them is enough to verify by. */
  readonly documentsEnd: number

  private constructor(path: string, file: FileHandle, places: readonly Place[]) {
    this.path = path
    this.#file = file
    this.#places = new Map(places.map(place => [keyOf(place.entry), place]))
    const documents = places.filter(({ entry }) => entry.kind === 'document')
    this.documentsEnd = Math.max(0, ...documents.map(({ at, entry }) => at + entry.length))
  }

  static async open(path: string): Promise<OfflineFile> {
    const file = await openOrRefuse(path)
    try {
      return new OfflineFile(path, file, await readHeads(file))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Names of documents that begin so. */
  named(prefix: string): string[] {
    const documents = [...this.#places.values()].filter(({ entry }) => entry.kind === 'document')
    return documents.map(({ entry }) => entry.name).filter(name => name.startsWith(prefix))
  }

  /** What a GET of this path brings; undefined where the file does not say. */
  async document(name: string): Promise<Uint8Array | undefined> {
    const place = this.#places.get(`document ${name}`)
    if (place === undefined) return undefined
    const bytes = await readAt(this.#file, place.at, place.entry.length)
    if (toHexDigest(digestOf(bytes)) === toHex(place.entry.sum)) return bytes
    throw new BundleError('bundle/digest', `cannot read an offline file: ${name} was changed`)
  }

  /** The bundle of a tree, by its 64 digits, from a byte of it on. */
  bundle(
    tree: string,
    offset: number,
  ): { length: number; bytes: AsyncIterable<Uint8Array> } | undefined {
    const place = this.#places.get(`bundle ${tree}`)
    if (place === undefined) return undefined
    const { length } = place.entry
    const range = { start: place.at + offset, end: place.at + length - 1 }
    return { length, bytes: offset < length ? createReadStream(this.path, range) : nothing() }
  }

  get trees() {
    const bundles = [...this.#places.values()].filter(({ entry }) => entry.kind === 'bundle')
    return bundles.map(({ entry }) => digestFromHex(entry.name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}

async function openOrRefuse(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    const isGone = isSystemError(cause, 'ENOENT') || isSystemError(cause, 'EACCES')
    if (!isGone) throw cause
    throw new AgentError('agent/not-there', `cannot read ${path}`, { path }, { cause })
  }
}

async function readHeads(file: FileHandle): Promise<Place[]> {
  const { size } = await file.stat()
  refuseOtherPrefix(await readAt(file, 0, offlinePrefix.length))
  const places: Place[] = []
  const sum = offlineSum()
  let documents = 0
  for (let at = offlinePrefix.length; places.length <= offlineLimits.entries; ) {
    const head = await readHead(file, at)
    const entry = parseOfflineHead(head)
    if (entry.kind === 'end') return ended(entry, sum.sum(), places, size - at - head.length)
    sum.add(head)
    documents += entry.kind === 'document' ? entry.length : 0
    if (documents > offlineLimits.documents) break
    places.push({ entry, at: at + head.length })
    at += head.length + entry.length
    if (at >= size)
      throw new BundleError('bundle/cut', 'cannot read an offline file: it is cut short')
  }
  throw new BundleError('bundle/too-large', 'cannot read an offline file: it holds too much')
}

function ended(end: OfflineEntry, sum: Uint8Array, places: Place[], rest: number): Place[] {
  if (!equalBytes(end.sum, sum)) {
    throw new BundleError('bundle/digest', 'cannot read an offline file: its heads were changed')
  }
  if (rest > 0)
    throw new BundleError('bundle/excess', `cannot read an offline file: ${rest} bytes too much`)
  const names = new Set(places.map(({ entry }) => keyOf(entry)))
  if (names.size === places.length) return places
  throw new BundleError('bundle/header', 'cannot read an offline file: an entry stands there twice')
}

async function readHead(file: FileHandle, at: number): Promise<Uint8Array> {
  const fixed = await readAt(file, at, offlineHeadLength)
  return readAt(file, at, offlineHeadLength + offlineNameLength(fixed))
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  for (let read = 0; read < length; ) {
    const { bytesRead } = await file.read(bytes, read, length - read, at + read)
    if (bytesRead === 0)
      throw new BundleError('bundle/cut', 'cannot read an offline file: it is cut short')
    read += bytesRead
  }
  return bytes
}

function keyOf({ kind, name }: OfflineEntry): string {
  return `${kind} ${name}`
}

/** No bytes. */
export async function* nothing(): AsyncIterable<Uint8Array> {
  yield* []
}
