import { isPasswordOf } from './crypt.ts'
import { defaultPairs } from './default-pairs.ts'
import { hasText } from './texts.ts'

/** Whether worms try this name with this password. */
export function isDefaultPair(user: string, password: string): boolean {
  return Object.hasOwn(defaultPairs, user) && (defaultPairs[user]?.includes(password) ?? false)
}

/** Whether the password behind a hash is one that worms try with this name. */
export function hasDefaultPassword(user: string, hash: string): boolean {
  const passwords = Object.hasOwn(defaultPairs, user) ? (defaultPairs[user] ?? []) : []
  return passwords.some(password => password !== '' && isPasswordOf(hash, password))
}

/**
 * Pairs in a text, each by its user and line: as a line of its own (`admin:1234`), in an address, or as the
 * value of a name for users followed by the value of one for passwords. An empty password counts only in a
 * shadow file: in other texts it mostly stands for one that is still to be set.
 */
export function defaultPairsIn(text: string): { readonly user: string; readonly line: number }[] {
  const found = [...wholeLines(text), ...inAddresses(text), ...inAssignments(text)]
  const pairs = found.filter(
    ({ user, password }) => password !== '' && isDefaultPair(user, password),
  )
  const places = pairs.map(({ user, at }) => ({ user, line: lineOf(text, at) }))
  return places.filter(
    ({ user, line }, i) => places.findIndex(one => one.user === user && one.line === line) === i,
  )
}

interface Pair {
  readonly user: string
  readonly password: string
  readonly at: number
}

const wholeLine =
  /^[ \t"'-]*([A-Za-z0-9]{2,20})["']?[ \t]?[:=,][ \t]?["']?([^\s"',;]{1,20})["',; \t]*\r?$/gm

function wholeLines(text: string): Pair[] {
  return [...text.matchAll(wholeLine)].map(toPair)
}

const address = /:\/\/([A-Za-z0-9]{2,20}):([^\s@/"']{1,20})@/g

function inAddresses(text: string): Pair[] {
  return [...text.matchAll(address)].map(toPair)
}

function toPair({ index, 1: user = '', 2: password = '' }: RegExpExecArray): Pair {
  return { user, password, at: index }
}

const assignment =
  /\b[\w.-]{0,40}?(user(?:[-_]?name)?|login|pass(?:word|wd|phrase)?|pw|pwd)["']?[ \t]*(?::|=>?)[ \t]*["']?([^\s"',;{}()<>]{1,40})/gi
/** A password is its user's when it stands this close behind. */
const reach = 160

function inAssignments(text: string): Pair[] {
  const pairs: Pair[] = []
  let last = { user: '', end: -reach }
  for (const { index, 0: whole, 1: name = '', 2: value = '' } of text.matchAll(assignment)) {
    const isUser = /^(user|login)/i.test(name)
    if (isUser) last = { user: value, end: index + whole.length }
    else if (index - last.end <= reach) pairs.push({ user: last.user, password: value, at: index })
  }
  return pairs
}

/** Passwords that no program holds by chance: no word and no plain number. */
const telling = ['xc3511', 'xmhdipc', 'juantech', 'smcadmin', 'klv123', 'klv1234', 'Zte521']
const moreTelling = ['hi3518', 'zlxx.', '7ujMko0vizxv', '7ujMko0admin', 'vizxv', 'jvbzd', 'meinsm']

/** Default passwords that stand in a program as constants of their own; only those that are no words. */
export function defaultPasswordsIn(program: Buffer): boolean {
  return [...telling, ...moreTelling].some(word => hasText(program, word))
}

function lineOf(text: string, at: number): number {
  let line = 1
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', end + 1))
    line += 1
  return line
}
