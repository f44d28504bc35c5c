import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
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
 * line that a crash cut short was never acted upon, so it is dropped.
 */
export async function openFloors(path: string): Promise<Floors> {
  const floors = parseFloors(await readOrEmpty(path))
  const file = await rewrite(path, floors)
  let { size } = await file.stat()
  return {
    read: name => floors.get(name) ?? { number: 0 },
    async raise(raised) {
      if (raised.size === 0) return
      const lines = toLines(raised)
      try {
        await file.write(lines, size)
        await file.datasync()
      } catch (cause) {
        // A disk that is full keeps part of a line; nothing may ever be written behind it.
        await file.truncate(size)
        throw new SignerError(
          'signer/floors',
          'cannot keep floors: the disk refused',
          {},
          { cause },
        )
      }
      size += Buffer.byteLength(lines)
      for (const [name, floor] of raised) floors.set(name, floor)
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
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
