import { fromUtf8 } from './bytes.ts'
import { CodedError } from './error.ts'
import type { Json } from './json.ts'

export type StrictJsonErrorCode =
  | 'json/syntax'
  | 'json/duplicate-key'
  | 'json/number'
  | 'json/depth'
  | 'json/size'

/** Raised when bytes are not JSON as this project signs it. */
export class StrictJsonError extends CodedError<StrictJsonErrorCode> {}

/** What a document may cost its reader. `bytes` is a cap on its length, `depth` on its nesting. */
export interface JsonLimits {
  readonly bytes: number
  readonly depth: number
}

const defaultLimits: JsonLimits = { bytes: 16 * 1024 * 1024, depth: 32 }

/**
 * Reads a signed document once, strictly: UTF-8, RFC 8259 grammar, no duplicate key, safe integers
 * only, bounded depth and size. White space between tokens is allowed; what is signed is the bytes.
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits = defaultLimits): Json {
  if (bytes.length > limits.bytes) {
    const facts = { limit: limits.bytes, found: bytes.length }
    throw new StrictJsonError('json/size', `cannot read JSON: over ${limits.bytes} bytes`, facts)
  }
  const text = fromUtf8(bytes)
  const read = readNatively(text, limits.depth)
  return read === undefined ? new Reader(text, limits.depth).readDocument() : read
}

/**
 * Reads what JSON.parse and JSON.stringify take to the same text and back: so no key stands twice,
 * and each string and number has one spelling. Many times as fast as {@link Reader}, which judges
 * all that is left over: it alone refuses, and the two never disagree.
 */
function readNatively(text: string, depth: number): Json | undefined {
  // Before JSON.parse, which would hold any depth in memory. `\u` may be a lone surrogate.
  if (text.includes('\\u') || !isNestedWithin(text, depth)) return undefined
  const value = parseOrUndefined(text)
  return value !== undefined && hasSafeIntegers(value) && JSON.stringify(value) === text
    ? value
    : undefined
}

/** Whether at most so many brackets stand open at once, leaving out what stands in strings. */
function isNestedWithin(text: string, limit: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length && depth <= limit; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = closingQuote(text, at + 1) ?? text.length
    else depth += nestingOf(code)
  }
  return depth <= limit
}

function nestingOf(code: number): number {
  if (code === 0x5b || code === 0x7b) return 1
  return code === 0x5d || code === 0x7d ? -1 : 0
}

/** Where a string that begins at `first` is closed. No pattern: it would take stack for each character. */
function closingQuote(text: string, first: number): number | undefined {
  for (let at = text.indexOf('"', first); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at
    while (before > first && text[before - 1] === '\\') before--
    if ((at - before) % 2 === 0) return at
  }
  return undefined
}

function hasSafeIntegers(value: Json): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every(hasSafeIntegers)
}

/** What a string of JSON may hold as an escape alone, and what begins one. RFC 8259 §7 */
const escapedOrRefused = /[\u0000-\u001f\\]/
const whiteSpace = /[ \t\n\r]*/y
const numberToken = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const literalToken = /true|false|null/y
const literals = { true: true, false: false, null: null } as const

/** The text of a string token, or undefined where JSON.parse refuses it: its strings are RFC 8259's. */
function parseToken(token: string): string | undefined {
  const text = token.slice(1, -1)
  return escapedOrRefused.test(text) ? parseOrUndefined<string>(token) : text
}

function parseOrUndefined<T extends Json>(text: string): T | undefined {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A recursive-descent reader; a class because it has a position that lives as long as the text. */
class Reader {
  readonly #text: string
  readonly #depthLimit: number
  #at = 0

  constructor(text: string, depthLimit: number) {
    this.#text = text
    this.#depthLimit = depthLimit
  }

  readDocument(): Json {
    const value = this.#readValue(0)
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.#syntax()
    return value
  }

  #readValue(depth: number): Json {
    if (depth > this.#depthLimit) {
      const facts = { limit: this.#depthLimit }
      throw new StrictJsonError('json/depth', `cannot read JSON: nested too deeply`, facts)
    }
    this.#skipSpace()
    const start = this.#text[this.#at]
    if (start === '{') return this.#readObject(depth)
    if (start === '[') return this.#readArray(depth)
    if (start === '"') return this.#readString()
    const literal = this.#match(literalToken)
    if (literal !== undefined) return literals[literal as keyof typeof literals]
    return this.#readInteger()
  }

  #readObject(depth: number): Json {
    const members = new Map<string, Json>()
    this.#readSequence('}', () => {
      this.#skipSpace()
      const key = this.#readString()
      if (members.has(key)) {
        const message = `cannot read JSON: key ${JSON.stringify(key)} stands twice`
        throw new StrictJsonError('json/duplicate-key', message, { key })
      }
      this.#expect(':')
      members.set(key, this.#readValue(depth + 1))
    })
    // Defined one by one, so that a key named __proto__ is a key and nothing else.
    return Object.fromEntries(members)
  }

  #readArray(depth: number): Json {
    const items: Json[] = []
    this.#readSequence(']', () => items.push(this.#readValue(depth + 1)))
    return items
  }

  #readSequence(end: string, readItem: () => void): void {
    this.#at += 1
    this.#skipSpace()
    if (this.#take(end)) return
    do readItem()
    while (this.#takeComma())
    this.#expect(end)
  }

  #readString(): string {
    const isOpen = this.#text[this.#at] === '"'
    const end = isOpen ? closingQuote(this.#text, this.#at + 1) : undefined
    const text = end === undefined ? undefined : parseToken(this.#text.slice(this.#at, end + 1))
    if (end === undefined || !text?.isWellFormed()) throw this.#syntax()
    this.#at = end + 1
    return text
  }

  #readInteger(): number {
    const token = this.#match(numberToken)
    if (token === undefined) throw this.#syntax()
    const value = Number(token)
    if (/^-?[0-9]+$/.test(token) && Number.isSafeInteger(value) && token !== '-0') return value
    const message = `cannot read JSON: ${token.slice(0, 40)} is not a safe integer`
    throw new StrictJsonError('json/number', message, { at: this.#at })
  }

  #match(token: RegExp): string | undefined {
    token.lastIndex = this.#at
    const found = token.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #skipSpace(): void {
    if (!(this.#text.charCodeAt(this.#at) > 0x20)) this.#match(whiteSpace)
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #takeComma(): boolean {
    this.#skipSpace()
    return this.#take(',')
  }

  #expect(character: string): void {
    this.#skipSpace()
    if (!this.#take(character)) throw this.#syntax()
  }

  #syntax(): StrictJsonError {
    const message = `cannot read JSON: unexpected text at offset ${this.#at}`
    return new StrictJsonError('json/syntax', message, { at: this.#at })
  }
}
