import { defaultPairsIn, defaultPasswordsIn } from './default-passwords.ts'
import { type Dynamic, dynamicOf } from './elf-dynamic.ts'
import { passwordHashesIn } from './password-hashes.ts'
import { privateKeysIn } from './private-keys.ts'
import type { Finding } from './rules.ts'
import { serversIn } from './servers.ts'

/** A file of the tree, to be read at any position: exactly `length` bytes, which lie inside. */
export interface FileBytes {
  readonly length: number
  read(offset: number, length: number): Promise<Uint8Array>
}

/** What one file shows by itself, and what it says of others. */
export interface FileTraces {
  readonly found: readonly Pick<Finding, 'rule' | 'words'>[]
  readonly dynamic?: Dynamic
  /** Names of shared libraries that stand in it: it may load them while it runs. */
  readonly mentions: readonly string[]
}

/** So much of each file is looked at, from its beginning; what a loader reads is found behind it too. */
export const longestLook = 8 * 1024 * 1024
const longestText = 4 * 1024 * 1024

/** Looks at one file of a tree. */
export async function tracesOf(path: string, file: FileBytes): Promise<FileTraces> {
  const dynamic = await dynamicOf(file)
  const bytes = await headOf(file)
  const keys = privateKeysIn(bytes).map(what => ({
    rule: 'private-key' as const,
    words: `holds ${what}`,
  }))
  const inside = isText(bytes) ? inText(path, bytes) : inProgram(bytes, file.length)
  const found = [...keys, ...inside]
  return { found, ...(dynamic && { dynamic }), mentions: librariesNamedIn(bytes) }
}

async function headOf(file: FileBytes): Promise<Buffer> {
  const length = Math.min(file.length, longestLook)
  if (length === 0) return Buffer.alloc(0)
  const bytes = await file.read(0, length)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function isText(bytes: Buffer): boolean {
  return bytes.length <= longestText && !bytes.subarray(0, 8192).includes(0)
}

function inText(path: string, bytes: Buffer): FileTraces['found'] {
  const text = bytes.toString('latin1')
  const pairs = defaultPairsIn(text).map(({ user, line }) => ({
    rule: 'default-password' as const,
    words: `line ${line} gives ${user} a password that worms try`,
  }))
  return [...passwordHashesIn(path, text), ...pairs]
}

const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46])

/** What is larger is a runtime or a game; a server that a worm uses is small. */
function inProgram(bytes: Buffer, length: number): FileTraces['found'] {
  if (length > longestLook || !bytes.subarray(0, 4).equals(elfMagic)) return []
  const servers = serversIn(bytes).map(({ rule, what }) => ({ rule, words: `holds ${what}` }))
  if (!defaultPasswordsIn(bytes)) return servers
  const words = 'holds a password that worms try, as a constant'
  return [...servers, { rule: 'default-password', words }]
}

/** Most files name none; a linker's map names thousands. */
const mostMentions = 10_000

function librariesNamedIn(bytes: Buffer): string[] {
  const names = new Set<string>()
  for (let at = bytes.indexOf('.so'); at >= 0; at = bytes.indexOf('.so', at + 3)) {
    names.add(nameAround(bytes, at))
    if (names.size > mostMentions) break
  }
  return [...names]
}

function nameAround(bytes: Buffer, at: number): string {
  let [start, end] = [at, at + 3]
  while (start > 0 && at - start < 100 && isNameByte(bytes[start - 1])) start -= 1
  while (end < bytes.length && end - at < 20 && isVersionByte(bytes[end])) end += 1
  return bytes.toString('latin1', start, end).replace(/\.$/, '')
}

function isNameByte(byte = 0): boolean {
  return /[A-Za-z0-9_+.-]/.test(String.fromCharCode(byte))
}

function isVersionByte(byte = 0): boolean {
  return byte === 0x2e || (byte >= 0x30 && byte <= 0x39)
}
