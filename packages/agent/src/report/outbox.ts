import { type FileHandle, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromUtf8, isCoded, parseStrictJson, toDocument, toUtf8 } from '@steadfleet/base'
import { type DeviceEvent, toTimestamp } from '@steadfleet/domain'
import { type Copies, copiesOf, readCopies, writeCopies } from '../disk/copies.ts'
import { readIfThere, writeDurably } from '../disk/durable.ts'
import { AgentError, orDiskFull } from '../error.ts'
import type { World } from '../world.ts'
import { withoutSecrets } from './without-secrets.ts'

/** What is said of an event; the outbox gives it its number and its time. */
export type NewEvent = Omit<DeviceEvent, 'sequence' | 'at'>

/** So many events wait for a server that is away; then the oldest give way, in this order of kinds. */
const mostWaiting = 1000
const givingWay: readonly ((kind: DeviceEvent['kind']) => boolean)[] = [
  kind => kind !== 'failure' && kind !== 'security',
  kind => kind === 'security',
  () => true,
]
/** What one check-in carries at most: a failure brings its log, so the bytes count too. */
const batchEvents = 200
const batchBytes = 512 * 1024
/** Numbers of reports are reserved in blocks, so that not each report costs a write. */
const block = 1000
/** A server may not push the numbers to where they end. */
const highest = 2 ** 48

/** What the device has to tell, kept until the server says that it has it for good. */
export class Outbox {
  readonly #path: string
  readonly #reports: Copies
  readonly #world: World
  #waiting: DeviceEvent[]
  #acknowledged: number
  #last: number
  #report: number
  #reserved: number
  #file: FileHandle | undefined
  #writing: Promise<void> = Promise.resolve()
  #listener: () => void = () => undefined

  private constructor(directory: string, world: World, held: Held) {
    this.#path = join(directory, 'events.jsonl')
    this.#reports = reportsIn(directory)
    this.#world = world
    this.#waiting = held.events
    this.#acknowledged = held.acknowledged
    this.#last = Math.max(held.acknowledged, held.events.at(-1)?.sequence ?? 0)
    this.#report = held.report
    this.#reserved = held.report
  }

  static async open(directory: string, world: World): Promise<Outbox> {
    const path = join(directory, 'events.jsonl')
    const { value: report = 0 } = await readCopies(reportsIn(directory), toCount, one => one)
    const outbox = new Outbox(directory, world, { ...(await readEvents(path)), report })
    await outbox.#rewrite()
    return outbox
  }

  /** Calls `listener` whenever there is something new to tell. */
  onAdd(listener: () => void): void {
    this.#listener = listener
  }

  /** Events from the oldest on, as many as one check-in carries; at least one where any waits. */
  waiting(): readonly DeviceEvent[] {
    let bytes = 0
    const first = this.#waiting.slice(0, batchEvents)
    return first.filter((event, i) => {
      bytes += JSON.stringify(event).length
      return i === 0 || bytes <= batchBytes
    })
  }

  /** Takes an event in. On a full disk it waits in memory alone: telling must not stop the doing. */
  async add(event: NewEvent): Promise<void> {
    this.#last += 1
    const { now } = this.#world
    const clean = withoutSecrets(event)
    const whole = { sequence: this.#last, at: toTimestamp(now()), ...clean } as DeviceEvent
    this.#waiting.push(whole)
    if (this.#waiting.length > mostWaiting) this.#giveWay()
    this.#listener()
    await this.#queue(async () => {
      await this.#file?.write(lineOf(whole))
      await this.#file?.datasync()
    })
  }

  /** The server has everything up to `sequence` for good. */
  async acknowledge(sequence: number): Promise<void> {
    if (sequence <= this.#acknowledged || sequence > highest) return
    if (sequence > this.#last) this.#renumber(sequence)
    else this.#waiting = this.#waiting.filter(event => event.sequence > sequence)
    this.#acknowledged = sequence
    await this.#queue(() => this.#rewrite())
  }

  /** This file was lost, and its numbers began anew: what waits was taken for what had been told. */
  #renumber(after: number): void {
    this.#waiting = this.#waiting.map((event, i) => ({ ...event, sequence: after + 1 + i }))
    this.#last = after + this.#waiting.length
  }

  /** A number for the next report that no report had before, in whichever life of the agent. */
  async nextReport(): Promise<number> {
    this.#report += 1
    if (this.#report > this.#reserved) {
      this.#reserved = this.#report + block
      const text = toUtf8(String(this.#reserved))
      await this.#queue(() => writeCopies(this.#reports, text))
    }
    return this.#report
  }

  /** Goes on after a report that the server holds, where the file of their numbers was lost. */
  skipReports(held: number): void {
    if (held > this.#report && held <= highest) this.#report = held
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file?.close()
    this.#file = undefined
  }

  #giveWay(): void {
    const places = givingWay.map(may => this.#waiting.findIndex(event => may(event.kind)))
    this.#waiting.splice(places.find(at => at >= 0) ?? 0, 1)
  }

  #queue(write: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(write).catch(error => {
      const told = orDiskFull(error)
      if (!isCoded(told, 'agent/disk-full')) throw error
      this.#world.log({ level: 'warn', message: told.message, file: this.#path })
    })
    return this.#writing
  }

  async #rewrite(): Promise<void> {
    const head = toDocument({ acknowledged: this.#acknowledged })
    const lines = [Buffer.from(head), Buffer.from('\n'), ...this.#waiting.map(lineOf)]
    await writeDurably(this.#path, Buffer.concat(lines), 0o600)
    await this.#file?.close()
    this.#file = await open(this.#path, 'a', 0o600)
  }
}

function reportsIn(directory: string): Copies {
  return copiesOf(join(directory, 'report-sequence'), 2, 0o600)
}

function toCount(body: Uint8Array): number {
  const text = fromUtf8(body)
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text)
  throw new AgentError('agent/fault', 'cannot read the number of the last report')
}

interface Held {
  readonly events: DeviceEvent[]
  readonly acknowledged: number
  readonly report: number
}

function lineOf(value: object): Buffer {
  return Buffer.concat([toDocument(value), Buffer.from('\n')])
}

/** Reads what was kept; a last line that was torn by a cut of power was never acknowledged. */
async function readEvents(path: string): Promise<Omit<Held, 'report'>> {
  const bytes = await readIfThere(path)
  const lines = bytes ? (await readFile(path, 'utf8')).split('\n').filter(line => line !== '') : []
  const values = lines.map(readLine).filter(value => value !== undefined)
  const head = values.find(value => 'acknowledged' in value)
  const events = values.filter(value => 'sequence' in value) as unknown as DeviceEvent[]
  return { acknowledged: Number(head?.acknowledged ?? 0), events }
}

function readLine(line: string): Record<string, unknown> | undefined {
  try {
    return parseStrictJson(toUtf8(line)) as Record<string, unknown>
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}
