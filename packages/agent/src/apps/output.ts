import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from './files.ts'
import { logNames, turnsIn } from './keeper.ts'

/** How much of a line is kept; reports carry no longer ones. */
const longestLine = 4096
/** How much of one file is read for its last lines. */
const tailBytes = 256 * 1024
const nothing = { from: 0, bytes: 0 }

interface LogFile {
  readonly name: string
  readonly size: number
  readonly written: bigint
}

/** Some bytes of a log file, and how it stood when they were read; undefined where there is none. */
async function readLog(
  folder: string,
  name: string,
  range: { readonly from: number; readonly bytes: number },
): Promise<{ file: LogFile; bytes: Buffer } | undefined> {
  try {
    await using handle = await open(join(folder, name), 'r')
    const { size, mtimeNs } = await handle.stat({ bigint: true })
    const from = range.from < 0 ? Math.max(0, Number(size) - range.bytes) : range.from
    const buffer = Buffer.alloc(Math.max(0, Math.min(range.bytes, Number(size) - from)))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
    const file = { name, size: Number(size), written: mtimeNs }
    return { file, bytes: buffer.subarray(0, bytesRead) }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map(line => line.slice(0, longestLine))
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

/** Both logs of a run folder, the one written last at the end. */
async function readLogs(folder: string, range: { from: number; bytes: number }) {
  const logs = await Promise.all(logNames.map(name => readLog(folder, name, range)))
  return logs
    .filter(log => log !== undefined)
    .sort((a, b) => (a.file.written < b.file.written ? -1 : 1))
}

/** The last lines that the app of a run folder said, over all its runs. */
export async function lastLines(folder: string, count: number): Promise<string[]> {
  return linesIn(await readLogs(folder, { from: -1, bytes: tailBytes }), count)
}

/**
 * The last lines of an app since it was last started anew. Each run begins with the log that the one
 * before did not end with, so until the first has filled its own, the other holds an earlier app's.
 */
export async function ownLines(folder: string, restarts: number, count: number): Promise<string[]> {
  const logs = await readLogs(folder, { from: -1, bytes: tailBytes })
  const isFirst = restarts === 0 && turnsIn(folder) === 0
  return linesIn(isFirst ? logs.slice(-1) : logs, count)
}

function linesIn(logs: readonly { readonly bytes: Buffer }[], count: number): string[] {
  const text = Buffer.concat(logs.map(log => log.bytes)).toString('utf8')
  return linesOf(text).slice(-count)
}

/** The log that a new run begins with: not the one that holds what was said last. */
export async function logToBegin(folder: string): Promise<string> {
  const logs = await readLogs(folder, nothing)
  const last = logs.at(-1)?.file.name
  return logNames.find(name => name !== last) ?? logNames[0]
}

/** Follows what is written to the logs of a run folder: each `read` gives the new whole lines. */
export class OutputTail {
  readonly #folder: string
  #at: { name: string; offset: number } | undefined
  #part: Buffer = Buffer.alloc(0)

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Begins at what is written next. */
  async begin(): Promise<void> {
    const last = (await readLogs(this.#folder, nothing)).at(-1)?.file
    this.#at = last && { name: last.name, offset: last.size }
  }

  /** Under a flood it leaves out what was written over before it could be read. */
  async read(): Promise<string[]> {
    const files = (await readLogs(this.#folder, nothing)).map(log => log.file)
    const newest = files.at(-1)
    const known = files.find(file => file.name === this.#at?.name && file !== newest)
    const fresh = [known, newest].flatMap(file => file ?? [])
    const pieces: Buffer[] = [this.#part]
    for (const file of fresh) pieces.push(await this.#rest(file))
    const bytes = Buffer.concat(pieces)
    const end = bytes.lastIndexOf('\n') + 1
    this.#part = bytes.subarray(end).subarray(-longestLine)
    return linesOf(bytes.toString('utf8', 0, end))
  }

  async #rest({ name, size }: LogFile): Promise<Buffer> {
    const offset = this.#at?.name === name && size >= this.#at.offset ? this.#at.offset : 0
    const log = await readLog(this.#folder, name, { from: offset, bytes: 2 * tailBytes })
    const bytes = log?.bytes ?? Buffer.alloc(0)
    this.#at = { name, offset: offset + bytes.length }
    return bytes
  }
}
