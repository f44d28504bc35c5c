import { digestOf, equalBytes, isCoded, toUtf8 } from '@steadfleet/base'
import { isSystemError } from '../error.ts'
import { readIfThere, writeDurably } from './durable.ts'

/**
 * One document in several files, each with its digest behind it: while one of them is whole, nothing
 * is lost. What can be fetched anew is kept twice; what cannot, three times, so that any two may tear.
 */
export interface Copies {
  readonly paths: readonly string[]
  readonly mode: number
}

/** What the copies hold. `torn` names those that did not hold it; where one did, they are written again. */
export interface Kept<T> {
  readonly value: T | undefined
  readonly torn: readonly string[]
}

export function copiesOf(path: string, count: number, mode = 0o644): Copies {
  const paths = Array.from({ length: count }, (_, i) => (i === 0 ? path : `${path}.${i + 1}`))
  return { paths, mode }
}

/** Replaces every copy, one after the other: at any instant the others are whole. */
export async function writeCopies({ paths, mode }: Copies, body: Uint8Array): Promise<void> {
  const file = withDigest(body)
  for (const path of paths) await writeDurably(path, file, mode)
}

/**
 * The newest by `rank` of what the whole copies hold, where `read` takes it. Others are made like it,
 * so that the next damage finds them whole again.
 */
export async function readCopies<T>(
  copies: Copies,
  read: (body: Uint8Array) => T,
  rank: (value: T) => number = () => 0,
): Promise<Kept<T>> {
  const found = await Promise.all(copies.paths.map(path => readCopy(path, read)))
  const whole = found.flatMap(one => one?.whole ?? [])
  const [first, ...others] = whole
  if (first === undefined) {
    return { value: undefined, torn: copies.paths.filter((_, i) => found[i] !== undefined) }
  }
  const best = others.reduce(
    (held, one) => (rank(one.value) > rank(held.value) ? one : held),
    first,
  )
  const file = withDigest(best.body)
  const torn = copies.paths.filter((_, i) => !equalBytes(found[i]?.file ?? nothing, file))
  await repair(copies, torn, file)
  return { value: best.value, torn }
}

const nothing = new Uint8Array()

interface Copy<T> {
  readonly file: Uint8Array
  readonly whole: readonly { readonly body: Uint8Array; readonly value: T }[]
}

/** A full disk does not stop what can be read; the next start tries again. */
async function repair({ mode }: Copies, torn: readonly string[], file: Uint8Array): Promise<void> {
  for (const path of torn) {
    try {
      await writeDurably(path, file, mode)
    } catch (error) {
      if (!isCoded(error, 'agent/disk-full')) throw error
    }
  }
}

/** A torn copy is an expected finding with a second way, the other copies; so it is no error here. */
async function readCopy<T>(
  path: string,
  read: (body: Uint8Array) => T,
): Promise<Copy<T> | undefined> {
  const file = await readSector(path)
  const body = file && bodyOf(file)
  if (file === undefined || body === undefined) return file && { file, whole: [] }
  try {
    return { file, whole: [{ body, value: read(body) }] }
  } catch (error) {
    if (isCoded(error)) return { file, whole: [] }
    throw error
  }
}

/** A file that the disk no longer yields is one that is not there. */
async function readSector(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readIfThere(path)
  } catch (error) {
    if (isSystemError(error, 'EIO') || isSystemError(error, 'EISDIR')) return undefined
    throw error
  }
}

const mark = toUtf8('\nsha256:')
const tailLength = withDigest(new Uint8Array()).length

function withDigest(body: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([body, toUtf8(`\n${digestOf(body)}\n`)]))
}

/** The document before its digest. A file without any was written by an earlier agent, whole. */
function bodyOf(file: Uint8Array): Uint8Array | undefined {
  const body = file.subarray(0, Math.max(0, file.length - tailLength))
  if (Buffer.compare(withDigest(body), file) === 0) return body
  return Buffer.from(file.buffer, file.byteOffset, file.length).includes(mark) ? undefined : file
}
