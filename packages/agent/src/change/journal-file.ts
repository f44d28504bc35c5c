import { type FileHandle, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toTimestamp } from '@steadfleet/domain'
import {
  bornState,
  chainOf,
  chainStart,
  type DecodedJournal,
  decodeJournal,
  type EngineState,
  encodeRecord,
  foldJournal,
  type Journal,
  type JournalRecord,
  type NewRecord,
  nextEngineState,
  toCheckpoint,
} from '@steadfleet/engine'
import { syncDirectory, withFile, writeDurably } from '../disk/durable.ts'
import { isSystemError, orDiskFull } from '../error.ts'

/** Space kept back so that a full disk can still be written to say that the change is aborted. */
const reserveBytes = 64 * 1024
/** Records that must be written whatever happens: they take back, or end, what was begun. */
const essential: readonly NewRecord['type'][] = ['abort', 'undone', 'end', 'found', 'checkpoint']

/** A journal whose good lines end before its file does. */
export interface JournalDamage {
  readonly segment: string
  readonly line: number
  readonly lost: number
  /** Whose journal it is, where it is another device's. */
  readonly owner?: string
}

/** The journal on disk: append-only segments, each begun by a checkpoint, every record fsynced. */
export class JournalFile implements Journal {
  readonly #directory: string
  readonly #device: string
  readonly #now: () => Date
  #file: FileHandle
  #segment: number
  #length: number
  #chain: string
  #last: Promise<void> = Promise.resolve()
  state: EngineState
  readonly damage: JournalDamage | undefined

  private constructor(directory: string, { device, now }: JournalOptions, opened: Opened) {
    this.#directory = directory
    this.#device = device
    this.#now = now
    this.#file = opened.file
    this.#segment = opened.segment
    this.#length = opened.read.length
    this.#chain = opened.read.chain
    this.state = foldJournal(opened.read.records)
    this.damage = opened.damage
  }

  /** Reads the newest whole segment and goes on where its chain holds; what is torn off is dropped. */
  static async open(directory: string, options: JournalOptions): Promise<JournalFile> {
    const opened = await openNewest(directory, options)
    await keepReserve(directory)
    const journal = new JournalFile(directory, options, opened)
    if (opened.read.damage) await journal.checkpoint()
    return journal
  }

  /** One after the other, in the order of the calls, however many steps run side by side. */
  append(record: NewRecord): Promise<void> {
    return this.#inTurn(() => this.#append(record))
  }

  checkpoint(): Promise<void> {
    return this.#inTurn(() => this.#checkpoint())
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(write)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #append(record: NewRecord): Promise<void> {
    const whole = this.#stamped(record)
    const next = nextEngineState(this.state, whole)
    const line = encodeRecord(whole, this.#chain)
    await this.#write(line, essential.includes(record.type))
    this.#chain = chainOf(line)
    this.state = next
  }

  #stamped(record: NewRecord): JournalRecord {
    const device = record.type === 'checkpoint' ? { device: this.#device } : {}
    return { ...record, ...device, at: toTimestamp(this.#now()) } as JournalRecord
  }

  async #write(line: Uint8Array, isEssential: boolean): Promise<void> {
    try {
      await this.#put(line)
    } catch (error) {
      await this.#file.truncate(this.#length)
      if (!isEssential || !isSystemError(error, 'ENOSPC')) throw orDiskFull(error)
      await rm(reservePath(this.#directory), { force: true })
      await this.#put(line)
    }
    this.#length += line.length
  }

  async #put(line: Uint8Array): Promise<void> {
    const { bytesWritten } = await this.#file.write(line, 0, line.length, this.#length)
    // A disk that fills up in the middle of a write takes a part of it and says so only now.
    if (bytesWritten < line.length) {
      await this.#file.write(
        line,
        bytesWritten,
        line.length - bytesWritten,
        this.#length + bytesWritten,
      )
    }
    await this.#file.datasync()
  }

  async #checkpoint(): Promise<void> {
    const whole = this.#stamped(toCheckpoint(this.state, this.#chain))
    const line = encodeRecord(whole, chainStart)
    const next = this.#segment + 1
    await this.#begin(next, line)
    this.#file = await this.#reopen(next)
    this.#segment = next
    this.#length = line.length
    this.#chain = chainOf(line)
    this.state = nextEngineState(this.state, whole)
    await dropSegmentsBefore(this.#directory, next - 1)
    await keepReserve(this.#directory)
  }

  async #begin(segment: number, line: Uint8Array): Promise<void> {
    const path = segmentPath(this.#directory, segment)
    try {
      await writeDurably(path, line, 0o600)
    } catch {
      // The one other way: the space that was kept back for this.
      await rm(reservePath(this.#directory), { force: true })
      await writeDurably(path, line, 0o600)
    }
  }

  async #reopen(segment: number): Promise<FileHandle> {
    await this.#file.close()
    return open(segmentPath(this.#directory, segment), 'r+')
  }

  async close(): Promise<void> {
    await this.#last
    await this.#file.close()
  }
}

interface Opened {
  readonly file: FileHandle
  readonly segment: number
  readonly read: DecodedJournal
  readonly damage: JournalDamage | undefined
}

export interface JournalOptions {
  /** Whose journal it is: what another device wrote says nothing of this one. */
  readonly device: string
  readonly now: () => Date
}

async function openNewest(directory: string, { device }: JournalOptions): Promise<Opened> {
  let unread: JournalDamage | undefined
  for (const segment of (await segmentsIn(directory)).reverse()) {
    const path = segmentPath(directory, segment)
    const read = decodeJournal(await readFile(path))
    const owner = ownerOf(read)
    const isOwn = owner === undefined || owner === device
    if (read.records.length > 0 && isOwn) return openSegment(path, segment, read, unread)
    // A segment is written whole before it is there: one without a first record is damaged, and
    // the one before it, which ends where this began, still holds.
    await rename(path, `${path}.unread`)
    const lost = read.damage?.lost ?? Math.max(1, read.records.length)
    unread ??= { segment: path, line: 1, lost, ...(!isOwn && { owner }) }
  }
  return beginFirst(directory, device, unread)
}

function ownerOf({ records }: DecodedJournal): string | undefined {
  const [first] = records
  return first?.type === 'checkpoint' ? first.device : undefined
}

async function openSegment(
  path: string,
  segment: number,
  read: DecodedJournal,
  unread: JournalDamage | undefined,
): Promise<Opened> {
  const file = await open(path, 'r+')
  // Damage is kept for whoever looks into it; a new segment begins from what could be read.
  if (!read.damage) await file.truncate(read.length)
  const damage = read.damage ? { segment: path, ...read.damage } : unread
  return { file, segment, read, damage }
}

async function beginFirst(
  directory: string,
  device: string,
  unread: JournalDamage | undefined,
): Promise<Opened> {
  const record = { ...toCheckpoint(bornState, chainStart), device, at: '1970-01-01T00:00:00Z' }
  const line = encodeRecord(record, chainStart)
  const path = segmentPath(directory, 1)
  await writeDurably(path, line, 0o600)
  return openSegment(path, 1, decodeJournal(line), unread)
}

async function dropSegmentsBefore(directory: string, first: number): Promise<void> {
  for (const segment of await segmentsIn(directory)) {
    if (segment < first) await rm(segmentPath(directory, segment))
  }
  await syncDirectory(directory)
}

async function segmentsIn(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  return names
    .filter(name => /^\d{8}\.log$/.test(name))
    .map(name => Number(name.slice(0, 8)))
    .sort((a, b) => a - b)
}

function segmentPath(directory: string, segment: number): string {
  return join(directory, `${String(segment).padStart(8, '0')}.log`)
}

function reservePath(directory: string): string {
  return join(directory, 'reserve')
}

/** Where even the reserve does not fit there is nothing to keep back; the next checkpoint tries again. */
async function keepReserve(directory: string): Promise<void> {
  const path = reservePath(directory)
  try {
    const length = await withFile(path, 'a', 0o600, async file => (await file.stat()).size)
    if (length < reserveBytes) await writeFile(path, new Uint8Array(reserveBytes))
  } catch (error) {
    if (!isSystemError(error, 'ENOSPC')) throw error
  }
}
