import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SignerError } from './error.ts'

/** The highest number signed under a name and, where that may be signed again, what it was of. */
export interface Floor {
  readonly number: number
  /** Hexadecimal; of a log the root of its tree. */
  readonly content?: string | undefined
}

/** The highest number signed under each name, durable before the signature leaves the process. */
export interface Floors extends AsyncDisposable {
  read(name: string): Floor
  /** Raises floors, all with one fsync; resolves when they are on the disk. */
  raise(floors: ReadonlyMap<string, Floor>): Promise<void>
}

/**
 * Floors in a file of lines `NAME NUMBER [CONTENT]`, appended to and rewritten whole at each opening. A last
 * line that a crash cut short was never acted upon, so it is dropped. Of several files, of which each may
 * come from another backup, the highest number of each name counts, and all have it from then on.
 */
export async function openFloors(...paths: readonly string[]): Promise<Floors> {
  const texts = await Promise.all(paths.map(readOrEmpty))
  const floors = parseFloors(texts.map(wholeLines).join(''))
  const files = await Promise.all(paths.map(path => rewrite(path, floors)))
  let size = Buffer.byteLength(toLines(floors))
  return {
    read: name => floors.get(name) ?? { number: 0 },
    async raise(raised) {
      if (raised.size === 0) return
      const lines = toLines(raised)
      await appendToAll(files, lines, size)
      size += Buffer.byteLength(lines)
      for (const [name, floor] of raised) floors.set(name, floor)
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(files.map(file => file.close()))),
  }
}

async function appendToAll(
  files: readonly FileHandle[],
  lines: string,
  size: number,
): Promise<void> {
  try {
    for (const file of files) {
      await file.write(lines, size)
      await file.datasync()
    }
  } catch (cause) {
    // A disk that is full keeps part of a line; nothing may ever be written behind it.
    for (const file of files) await file.truncate(size)
    const message = 'cannot keep floors: the disk refused'
    throw new SignerError('signer/floors', message, {}, { cause })
  }
}

function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

function parseFloors(text: string): Map<string, Floor> {
  const floors = new Map<string, Floor>()
  for (const line of text.split('\n').slice(0, -1)) {
    const [, name, digits, content] =
      /^(\S+) ([1-9][0-9]{0,15})(?: ([0-9a-f]{64}))?$/.exec(line) ?? []
    if (name === undefined || digits === undefined) {
      throw new SignerError('signer/floors', 'cannot read floors: a line is damaged')
    }
    const number = Number(digits)
    if (number > (floors.get(name)?.number ?? 0)) floors.set(name, { number, content })
  }
  return floors
}

function toLines(floors: ReadonlyMap<string, Floor>): string {
  const lines = [...floors].map(([name, { number, content }]) =>
    [name, number, ...(content === undefined ? [] : [content])].join(' '),
  )
  return lines.map(line => `${line}\n`).join('')
}

async function rewrite(path: string, floors: ReadonlyMap<string, Floor>): Promise<FileHandle> {
  const draft = `${path}.new`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(draft, 'w', 0o600)
  await file.writeFile(toLines(floors))
  await file.sync()
  await rename(draft, path)
  const folder = await open(dirname(path))
  await folder.sync()
  await folder.close()
  return file
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ''
    throw cause
  }
}
