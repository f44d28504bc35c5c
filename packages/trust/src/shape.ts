import { isJsonObject, type Json, type JsonObject } from '@steadfleet/base'
import { TrustError } from './error.ts'

/** Reads one value out of parsed JSON, or refuses it; `at` says where it stood. */
export type Shape<T> = (value: Json | undefined, at: string) => T

/** What a shape yields. */
export type Shaped<S> = S extends Shape<infer T> ? T : never

function refuse(at: string, wanted: string): never {
  throw new TrustError('trust/malformed', `cannot read ${at}: not ${wanted}`, { at })
}

export const text: Shape<string> = (value, at) =>
  typeof value === 'string' ? value : refuse(at, 'a string')

export const integer: Shape<number> = (value, at) =>
  typeof value === 'number' ? value : refuse(at, 'an integer')

/** A whole number that counts: zero or above. */
export const count: Shape<number> = (value, at) => {
  const read = integer(value, at)
  return read >= 0 ? read : refuse(at, 'zero or above')
}

/** A version, counter or threshold: one or above. */
export const positive: Shape<number> = (value, at) => {
  const read = integer(value, at)
  return read >= 1 ? read : refuse(at, 'one or above')
}

export const flag: Shape<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : refuse(at, 'true or false')

export const anything: Shape<Json> = (value, at) =>
  value === undefined ? refuse(at, 'present') : value

export const anyObject: Shape<JsonObject> = (value, at) =>
  isJsonObject(value) ? value : refuse(at, 'an object')

/** Exactly this word. */
export function word<const W extends string>(...words: readonly W[]): Shape<W> {
  return (value, at) => words.find(one => one === value) ?? refuse(at, words.join(' or '))
}

export function matching<T extends string>(pattern: RegExp, what: string): Shape<T> {
  return (value, at) => {
    const read = text(value, at)
    return pattern.test(read) ? (read as T) : refuse(at, what)
  }
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value, at) =>
    Array.isArray(value)
      ? value.map((one: Json, i) => item(one, `${at}[${i}]`))
      : refuse(at, 'a list')
}

/** An object whose keys are free and whose values are all of one shape. */
export function mapOf<T>(member: Shape<T>): Shape<ReadonlyMap<string, T>> {
  return (value, at) => {
    const read = new Map<string, T>()
    const source = anyObject(value, at)
    for (const key of Object.keys(source)) read.set(key, member(source[key], `${at}.${key}`))
    return read
  }
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, at) => (value === undefined ? undefined : shape(value, at))
}

type Members = Readonly<Record<string, Shape<unknown>>>
type OptionalKey<M extends Members> = {
  [K in keyof M]: undefined extends Shaped<M[K]> ? K : never
}[keyof M]

/** What a record yields: a member whose shape is optional may be left out. */
export type Recorded<M extends Members> = {
  readonly [K in Exclude<keyof M, OptionalKey<M>>]: Shaped<M[K]>
} & { readonly [K in OptionalKey<M>]?: Shaped<M[K]> }

/**
 * An object with at least these members. Others are kept by whoever keeps the bytes and skipped
 * here, unless the document lists them in `critical`: then a reader that does not know them refuses.
 */
export function record<M extends Members>(members: M): Shape<Recorded<M>> {
  const shapes = Object.entries(members)
  return (value, at) => {
    const source = anyObject(value, at)
    refuseUnknownCritical(source, members, at)
    const read: Record<string, unknown> = {}
    for (const [key, shape] of shapes)
      read[key] = shape(Object.hasOwn(source, key) ? source[key] : undefined, `${at}.${key}`)
    return read as Recorded<M>
  }
}

function refuseUnknownCritical(source: JsonObject, members: object, at: string): void {
  const critical = Object.hasOwn(source, 'critical')
    ? list(text)(source.critical, `${at}.critical`)
    : []
  const unknown = critical.find(name => !Object.hasOwn(members, name))
  if (unknown !== undefined) refuse(`${at}.${unknown}`, 'known to this reader, and critical')
}

/** RFC 3339, UTC, whole seconds: the only spelling of a moment in signed documents. TUF §4.2.1 */
export const moment: Shape<Date> = (value, at) => {
  const read = matching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'a moment')(value, at)
  const date = new Date(read)
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 19) !== read.slice(0, 19)
    ? refuse(at, 'a moment')
    : date
}
