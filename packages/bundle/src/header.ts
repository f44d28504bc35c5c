import { type Digest, isCoded, parseStrictJson, toDocument } from '@steadfleet/base'
import { DigestSchema, ObjectRef, parserOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { BundleError } from './error.ts'

/** The first eight bytes of every bundle: as PNG's, they notice a transfer that mends line ends. */
export const magic: Uint8Array = new Uint8Array([0x89, 0x53, 0x46, 0x42, 0x0d, 0x0a, 0x1a, 0x0a])

/** The version of the format that this code writes, and the only one it reads. */
export const bundleVersion = 1

/** A header may be this long; at about 100 bytes an object that is some 670,000 objects. */
export const longestHeader = 64 * 1024 * 1024

export const mediaType = 'application/vnd.steadfleet.bundle'

/** What a bundle says of itself before its content: whose tree, relative to which, and what follows. */
export const BundleHeader = Type.Object(
  {
    type: Type.Literal('bundle'),
    tree: DigestSchema,
    from: Type.Optional(DigestSchema),
    record: Type.Optional(DigestSchema),
    objects: Type.Array(ObjectRef),
    critical: Type.Optional(Type.Array(Type.String())),
  },
  // Unknown members that are not listed in `critical` are skipped: a format grows.
  { additionalProperties: true, title: 'bundle header' },
)
export type BundleHeader = Static<typeof BundleHeader>
const parseHeaderValue = parserOf('bundle header', BundleHeader)
const known = ['type', 'tree', 'from', 'record', 'objects', 'critical']

/** A header; with `from`, that of a bundle that holds only what the tree `from` lacks. */
export function makeHeader(
  tree: Digest,
  objects: readonly ObjectRef[],
  from?: Digest,
): BundleHeader {
  const header: BundleHeader = { type: 'bundle', tree, objects: [...objects] }
  return from === undefined ? header : { ...header, from }
}

/** Reads a header; one that lists an object twice, or needs what this reader lacks, is refused. */
export function parseHeader(bytes: Uint8Array): BundleHeader {
  const header = parseShape(bytes)
  const unknown = header.critical?.find(name => !known.includes(name))
  if (unknown !== undefined) throw unreadable(`it needs a reader that knows ${unknown}`)
  const digests = new Set(header.objects.map(({ digest }) => digest))
  if (digests.size < header.objects.length) throw unreadable('it lists an object twice')
  return header
}

/** The canonical bytes of a header, checked as {@link parseHeader} checks them. */
export function toHeaderBytes(header: BundleHeader): Uint8Array {
  const bytes = toDocument(header)
  parseHeader(bytes)
  return bytes
}

/** Bytes of all objects together, as the header promises them. */
export function contentLength(header: BundleHeader): number {
  return header.objects.reduce((sum, { length }) => sum + length, 0)
}

function parseShape(bytes: Uint8Array): BundleHeader {
  try {
    return parseHeaderValue(parseStrictJson(bytes, { bytes: longestHeader, depth: 16 }))
  } catch (cause) {
    if (!isCoded(cause)) throw cause
    throw unreadable(cause.message, cause)
  }
}

function unreadable(fact: string, cause?: unknown): BundleError {
  return new BundleError('bundle/header', `cannot read bundle header: ${fact}`, {}, { cause })
}
