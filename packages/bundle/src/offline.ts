import { createHash } from 'node:crypto'
import { equalBytes, fromUtf8, toUtf8 } from '@steadfleet/base'
import { BundleError } from './error.ts'

/** `\x89SFO\r\n\x1a\n` and the version. docs/formats/offline.md §Bytes */
export const offlinePrefix = Uint8Array.of(0x89, 0x53, 0x46, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a, 1)

/**
 * One entry of an offline file. A document is what a server replies to a GET of its name; a bundle is
 * that of the tree that its name is the digest of; the end stands after all of them.
 */
export interface OfflineEntry {
  readonly kind: 'document' | 'bundle' | 'end'
  readonly name: string
  /** Bytes of the content that follows the head. */
  readonly length: number
  /** SHA-256 of a document; of all heads before it, for the end; 32 zeros for a bundle, which checks itself. */
  readonly sum: Uint8Array
}

/** Of the head, before the name. */
export const offlineHeadLength = 44
/** What one file may hold; a document is kept in memory while it is read. */
export const offlineLimits = {
  entries: 20_000,
  document: 16 * 1024 * 1024,
  documents: 128 * 1024 * 1024,
  name: 1024,
} as const

const kinds: Readonly<Record<OfflineEntry['kind'], number>> = {
  document: 0x64,
  bundle: 0x62,
  end: 0x65,
}

export function toOfflineHead({ kind, name, length, sum }: OfflineEntry): Uint8Array {
  const text = toUtf8(name)
  const head = new Uint8Array(offlineHeadLength + text.length)
  const view = new DataView(head.buffer)
  view.setUint8(0, kinds[kind])
  view.setUint16(1, text.length)
  view.setBigUint64(3, BigInt(length))
  head.set(sum, 12)
  head.set(text, offlineHeadLength)
  return head
}

/** The length of the name that the fixed part of a head announces. */
export function offlineNameLength(fixed: Uint8Array): number {
  const length = viewOf(fixed).getUint16(1)
  if (length <= offlineLimits.name) return length
  throw new BundleError(
    'bundle/too-large',
    `cannot read an offline file: a name of ${length} bytes`,
  )
}

/** Reads one head, name and all; whether the content is there is for the caller to see. */
export function parseOfflineHead(bytes: Uint8Array): OfflineEntry {
  if (bytes.length < offlineHeadLength) refuse('a head is cut short')
  if (bytes.length !== offlineHeadLength + offlineNameLength(bytes)) refuse('a name is cut short')
  const view = viewOf(bytes)
  const kind = kindOf(view.getUint8(0))
  const length = Number(view.getBigUint64(3))
  if (!Number.isSafeInteger(length) || view.getUint8(11) !== 0) refuse('its length is none')
  if (kind === 'document' && length > offlineLimits.document) {
    const message = `cannot read an offline file: a document of ${length} bytes`
    throw new BundleError('bundle/too-large', message)
  }
  const name = nameOf(bytes.subarray(offlineHeadLength))
  refuseOtherName(kind, name, length)
  return { kind, name, length, sum: bytes.slice(12, offlineHeadLength) }
}

/** Sums the heads as they pass; what it comes to stands in the end. */
export function offlineSum(): { add(head: Uint8Array): void; sum(): Uint8Array } {
  const hash = createHash('sha256')
  return { add: head => void hash.update(head), sum: () => new Uint8Array(hash.copy().digest()) }
}

/** Refuses what is no offline file, or one of another version. */
export function refuseOtherPrefix(bytes: Uint8Array): void {
  const [magic, version] = [bytes.subarray(0, 8), bytes[8]]
  if (!equalBytes(magic, offlinePrefix.subarray(0, 8))) {
    throw new BundleError('bundle/not-a-bundle', 'cannot read an offline file: it is none')
  }
  if (version === offlinePrefix[8]) return
  throw new BundleError('bundle/version', `cannot read an offline file of version ${version}`)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function kindOf(code: number): OfflineEntry['kind'] {
  for (const kind of ['document', 'bundle', 'end'] as const) if (kinds[kind] === code) return kind
  return refuse(`an entry of kind ${code}`)
}

function nameOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    return refuse('a name is no UTF-8', cause)
  }
}

const shapes: Readonly<Record<OfflineEntry['kind'], RegExp>> = {
  // A path of the server's own: nothing that could name a file or another host.
  document: /^\/v1(\/[A-Za-z0-9_:.%-]+)+(\?held=\d+)?$/,
  bundle: /^[0-9a-f]{64}$/,
  end: /^$/,
}

function refuseOtherName(kind: OfflineEntry['kind'], name: string, length: number): void {
  if (!shapes[kind].test(name) || (kind === 'end' && length > 0)) refuse(`a ${kind} named so`)
}

function refuse(fact: string, cause?: unknown): never {
  throw new BundleError('bundle/header', `cannot read an offline file: ${fact}`, {}, { cause })
}
