import { createHash, timingSafeEqual } from 'node:crypto'
import { toUtf8 } from '@steadfleet/base'

/** The hashes of crypt(5) that can be checked here; of others nothing is said. */
const schemes: Readonly<
  Record<string, (password: Uint8Array, hash: string) => string | undefined>
> = {
  $1$: md5Crypt,
  $5$: (password, hash) => shaCrypt('sha256', password, hash),
  $6$: (password, hash) => shaCrypt('sha512', password, hash),
}

/** Whether this is the password behind a hash; false too where the hash is of a kind unknown here. */
export function isPasswordOf(hash: string, password: string): boolean {
  const made = schemes[hash.slice(0, 3)]?.(toUtf8(password), hash)
  if (made === undefined || made.length !== hash.length) return false
  return timingSafeEqual(toUtf8(made), toUtf8(hash))
}

const letters = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Three bytes are four letters, the lowest six bits first. */
function toLetters(bytes: readonly number[], count: number): string {
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  return Array.from({ length: count }, (_, i) => letters[Math.floor(value / 64 ** i) % 64]).join('')
}

function digest(name: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(name)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The first `length` bytes of `bytes`, repeated as often as it takes. */
function stretch(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => bytes[i % bytes.length] ?? 0)
}

/** FreeBSD's crypt of MD5, as crypt(5) calls md5crypt. */
function md5Crypt(password: Uint8Array, hash: string): string | undefined {
  const text = /^\$1\$([^$]{0,8})\$/.exec(hash)?.[1]
  if (text === undefined) return undefined
  const salt = toUtf8(text)
  const inner = digest('md5', password, salt, password)
  const bits = [...bitsOf(password.length)].map(isSet => (isSet ? 0 : (password[0] ?? 0)))
  const first = [password, toUtf8('$1$'), salt, stretch(inner, password.length)]
  let now = digest('md5', ...first, Uint8Array.from(bits))
  for (let round = 0; round < 1000; round += 1) now = md5Round(round, now, password, salt)
  const order = [
    [0, 6, 12],
    [1, 7, 13],
    [2, 8, 14],
    [3, 9, 15],
    [4, 10, 5],
  ]
  return `$1$${text}$${order.map(at => toLetters(pick(now, at), 4)).join('')}${toLetters(pick(now, [11]), 2)}`
}

function md5Round(
  round: number,
  now: Uint8Array,
  password: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  const isOdd = round % 2 === 1
  const parts = [isOdd ? password : now]
  if (round % 3 !== 0) parts.push(salt)
  if (round % 7 !== 0) parts.push(password)
  return digest('md5', ...parts, isOdd ? now : password)
}

/** The bits of a length, the lowest first. */
function* bitsOf(length: number): Generator<boolean> {
  for (let left = length; left > 0; left >>= 1) yield left % 2 === 1
}

function pick(bytes: Uint8Array, at: readonly number[]): number[] {
  return at.map(i => bytes[i] ?? 0)
}

/** More rounds than these would take seconds a password: such a hash is not checked. */
const mostRounds = 20_000

/** "Unix crypt using SHA-256 and SHA-512", Drepper, 2008: the steps by its numbers. */
function shaCrypt(
  name: 'sha256' | 'sha512',
  password: Uint8Array,
  hash: string,
): string | undefined {
  const found = /^(\$[56]\$(?:rounds=(\d{1,9})\$)?)([^$]{0,16})\$/.exec(hash)
  if (!found) return undefined
  const [, before = '', asked, text = ''] = found
  const rounds = Math.max(1000, Number(asked ?? 5000))
  if (rounds > mostRounds) return undefined
  const salt = toUtf8(text)
  const inner = digest(name, password, salt, password) // 4-8
  const mixed = [...bitsOf(password.length)].map(isSet => (isSet ? inner : password)) // 11
  const first = digest(name, password, salt, stretch(inner, password.length), ...mixed) // 1-12
  const p = stretch(digest(name, ...Array(password.length).fill(password)), password.length) // 13-16
  const s = stretch(digest(name, ...Array(16 + (first[0] ?? 0)).fill(salt)), salt.length) // 17-20
  let now = first
  for (let round = 0; round < rounds; round += 1) now = shaRound(name, round, { now, p, s })
  return `${before}${text}$${name === 'sha256' ? letters256(now) : letters512(now)}` // 22
}

interface Mix {
  readonly now: Uint8Array
  readonly p: Uint8Array
  readonly s: Uint8Array
}

/** Step 21. */
function shaRound(name: string, round: number, { now, p, s }: Mix): Uint8Array {
  const isOdd = round % 2 === 1
  const parts = [isOdd ? p : now]
  if (round % 3 !== 0) parts.push(s)
  if (round % 7 !== 0) parts.push(p)
  return digest(name, ...parts, isOdd ? now : p)
}

/** The bytes of a digest are taken by threes, each three turned once more than the one before. */
function letters256(bytes: Uint8Array): string {
  const threes = Array.from({ length: 10 }, (_, i) => turn([i, i + 10, i + 20], 2 * i))
  return toText(bytes, threes) + toLetters(pick(bytes, [31, 30]), 3)
}

function letters512(bytes: Uint8Array): string {
  const threes = Array.from({ length: 21 }, (_, i) => turn([i, i + 21, i + 42], i))
  return toText(bytes, threes) + toLetters(pick(bytes, [63]), 2)
}

function toText(bytes: Uint8Array, threes: readonly (readonly number[])[]): string {
  return threes.map(at => toLetters(pick(bytes, at), 4)).join('')
}

function turn(at: readonly number[], times: number): number[] {
  const by = times % at.length
  return [...at.slice(by), ...at.slice(0, by)]
}
