import { createHash, timingSafeEqual } from 'node:crypto'
import { CodedError } from './error.ts'

export type BytesErrorCode = 'bytes/encoding' | 'bytes/digest'

/** Raised when text is not the encoding it claims to be. */
export class BytesError extends CodedError<BytesErrorCode> {}

declare const digestBrand: unique symbol

/** The SHA-256 of some content, as `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly [digestBrand]: true }

const digestPattern = /^sha256:[0-9a-f]{64}$/

/** The digest of `content`. */
export function digestOf(content: Uint8Array): Digest {
  return digestFromHex(createHash('sha256').update(content).digest('hex'))
}

/** A digest from its 64 hexadecimal digits, as TUF writes it in `hashes.sha256`. */
export function digestFromHex(hex: string): Digest {
  return parseDigest(`sha256:${hex}`)
}

/** The 64 hexadecimal digits of a digest. */
export function toHexDigest(digest: Digest): string {
  return digest.slice('sha256:'.length)
}

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text)
}

/** Refuses any text that is not a digest in its one spelling. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new BytesError('bytes/digest', `cannot read ${JSON.stringify(text)} as a digest`)
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** Reads lower-case hexadecimal, whole bytes, nothing else. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 === 0 && /^[0-9a-f]*$/.test(text))
    return new Uint8Array(Buffer.from(text, 'hex'))
  throw new BytesError('bytes/encoding', 'cannot read text as lower-case hexadecimal')
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Reads canonical, padded base64 (RFC 4648 §4); a second spelling of the same bytes is refused. */
export function fromBase64(text: string): Uint8Array {
  return decodeCanonical(text, 'base64')
}

export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** Reads canonical, unpadded base64url (RFC 4648 §5). */
export function fromBase64Url(text: string): Uint8Array {
  return decodeCanonical(text, 'base64url')
}

function decodeCanonical(text: string, encoding: 'base64' | 'base64url'): Uint8Array {
  const bytes = Buffer.from(text, encoding)
  if (bytes.toString(encoding) === text) return new Uint8Array(bytes)
  throw new BytesError('bytes/encoding', `cannot read text as canonical ${encoding}`)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Reads UTF-8 and refuses any byte sequence that is not it. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new BytesError('bytes/encoding', 'cannot read bytes as UTF-8', {}, { cause })
  }
}

/** Compares without telling by its duration where the two differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
