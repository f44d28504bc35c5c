import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import { isCoded, parseStrictJson, toDocument } from '@steadfleet/base'
import { DigestSchema, object, parserOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { BundleError } from '../error.ts'
import { magic } from '../header.ts'
import { streamNames } from './streams.ts'

/** The version of the format that a delta has where a bundle has 1. */
export const deltaVersion = 2

/** Magic, version, and the length of the packed header. */
export const prefixLength = magic.length + 3

const longestHeader = 16_384
const Length = Type.Integer({ minimum: 0 })

const StreamRef = object({ name: Type.String(), length: Length, packed: Length })

/** What a delta says of itself: which tree it makes of which, and the streams that follow. */
export const DeltaHeader = Type.Object(
  {
    type: Type.Literal('delta'),
    tree: DigestSchema,
    from: DigestSchema,
    /** Bytes of the listing of `tree`, which is the first object that the delta makes. */
    listing: Length,
    streams: Type.Array(StreamRef),
    critical: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: true, title: 'delta header' },
)
export type DeltaHeader = Static<typeof DeltaHeader>
const parseHeaderValue = parserOf('delta header', DeltaHeader)
const known = ['type', 'tree', 'from', 'listing', 'streams', 'critical']

/** Magic, version and header, as they begin a delta. */
export function toDeltaPrefix(header: DeltaHeader): Uint8Array {
  const packed = brotliCompressSync(toDocument(header), {
    params: { [constants.BROTLI_PARAM_LGWIN]: 14 },
  })
  const length = [packed.length >> 8, packed.length & 255]
  return new Uint8Array([...magic, deltaVersion, ...length, ...packed])
}

/** Reads a header without its prefix; what it needs and this reader lacks is refused. */
export function parseDeltaHeader(packed: Uint8Array): DeltaHeader {
  const header = parseShape(packed)
  const unknown = header.critical?.find(name => !known.includes(name))
  if (unknown !== undefined) throw unreadable(`it needs a reader that knows ${unknown}`)
  const names = header.streams.map(({ name }) => name)
  const inOrder = streamNames.filter(name => names.includes(name))
  if (String(names) !== String(inOrder)) throw unreadable(`it has the streams ${names.join(', ')}`)
  return header
}

function parseShape(packed: Uint8Array): DeltaHeader {
  try {
    const bytes = brotliDecompressSync(packed, { maxOutputLength: longestHeader })
    return parseHeaderValue(parseStrictJson(bytes, { bytes: longestHeader, depth: 16 }))
  } catch (cause) {
    // What zlib refuses is no header, whatever is wrong with it.
    if (!isCoded(cause) && !(cause instanceof Error && 'errno' in cause) && !isTooLong(cause)) {
      throw cause
    }
    throw unreadable(cause instanceof Error ? cause.message : 'it is damaged', cause)
  }
}

function isTooLong(cause: unknown): boolean {
  return cause instanceof RangeError
}

function unreadable(fact: string, cause?: unknown): BundleError {
  return new BundleError('bundle/header', `cannot read delta header: ${fact}`, {}, { cause })
}
