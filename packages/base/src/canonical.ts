import { toUtf8 } from './bytes.ts'
import { CodedError } from './error.ts'
import type { Json, JsonObject } from './json.ts'

export type CanonicalErrorCode = 'canonical/value'

/** Raised when a value has no canonical form. */
export class CanonicalError extends CodedError<CanonicalErrorCode> {}

/**
 * The one spelling of a JSON value that is ever signed or hashed: OLPC canonical JSON. Keys are
 * sorted by code point, there is no white space, only `"` and `\` are escaped, numbers are integers.
 */
export function toCanonical(value: unknown): Uint8Array {
  return toUtf8(toCanonicalText(value))
}

/** {@link toCanonical} as text. */
export function toCanonicalText(value: unknown): string {
  return renderNatively(value) ?? render(value as Json)
}

/**
 * The bytes of a document that is kept as content and read back: the canonical form with control
 * characters escaped as `\\u00xx`. OLPC leaves them raw inside strings, where RFC 8259 §7 forbids them.
 */
export function toDocument(value: unknown): Uint8Array {
  const escaped = toCanonicalText(value).replace(
    /[\u0000-\u001f]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return toUtf8(escaped)
}

/** What JSON.stringify writes and OLPC would spell otherwise: every escape but those of `"` and `\`. */
const otherEscape = /\\[^"\\]/

/**
 * Many times as fast, where it gives the same text: no member to move, no escape that OLPC does not
 * write. A lone surrogate is such an escape too, so that {@link render} has to refuse it.
 */
function renderNatively(value: unknown): string | undefined {
  if (!isInOrder(value)) return undefined
  const text = JSON.stringify(value)
  return otherEscape.test(text) ? undefined : text
}

/** Whether a value is plain JSON of safe integers, and all its keys stand in canonical order. */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value !== 'object' || value === null) return isScalar(value)
  if (Array.isArray(value)) return value.every(isInOrder)
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  const keys = Object.keys(value)
  const isSorted = keys.every((key, i) => i === 0 || compareCodePoints(keys[i - 1] ?? '', key) < 0)
  return isSorted && Object.values(value).every(isInOrder)
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean'
}

function render(value: Json): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return renderString(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return renderInteger(value)
  if (Array.isArray(value)) return `[${value.map(render).join(',')}]`
  if (typeof value === 'object') return renderObject(value as JsonObject)
  throw new CanonicalError('canonical/value', `cannot write a ${typeof value} as canonical JSON`)
}

function renderString(text: string): string {
  if (!text.isWellFormed()) {
    throw new CanonicalError('canonical/value', 'cannot write a lone surrogate as canonical JSON')
  }
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

function renderInteger(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '0' : String(value)
  throw new CanonicalError('canonical/value', `cannot write ${value} as canonical JSON: no integer`)
}

function renderObject(value: JsonObject): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([key, member]) => `${renderString(key)}:${render(member)}`)
  return `{${members.join(',')}}`
}

/** Orders by code point; JavaScript's own order is by UTF-16 unit and differs above U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  if (surrogate.test(a) || surrogate.test(b)) {
    return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'))
  }
  return a < b ? -1 : Number(a > b)
}

const surrogate = /[\ud800-\udfff]/
