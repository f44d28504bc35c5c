import { createHash } from 'node:crypto'
import { fromUtf8, type Json, parseStrictJson, toDocument, toUtf8 } from '@steadfleet/base'
import type { JournalRecord } from './journal-record.ts'

/** What the first record of a journal is chained to. */
export const chainStart = '0'.repeat(64)

/** A record as one line: its checksum, a space, its canonical JSON. The checksum covers the last one. */
export function encodeRecord(record: JournalRecord, previous: string): Uint8Array {
  const text = fromUtf8(toDocument(record))
  return toUtf8(`${checksum(previous, text)} ${text}\n`)
}

/** The checksum at the head of an encoded record: what the next record is chained to. */
export function chainOf(line: Uint8Array): string {
  return fromUtf8(line.subarray(0, 64))
}

/** What could be read. `tail` is a torn last line, dropped; `damage` is told: good lines follow it. */
export interface DecodedJournal {
  readonly records: readonly JournalRecord[]
  readonly chain: string
  /** Length of the good part, in bytes: a writer goes on from there. */
  readonly length: number
  readonly tail: boolean
  readonly damage?: { readonly line: number; readonly lost: number }
}

/** Reads as far as the chain holds. Never throws: a journal is read when things already went wrong. */
export function decodeJournal(bytes: Uint8Array, start: string = chainStart): DecodedJournal {
  const records: JournalRecord[] = []
  let chain = start
  let length = 0
  while (length < bytes.length) {
    const end = bytes.indexOf(0x0a, length)
    const line = end < 0 ? undefined : decodeLine(bytes.subarray(length, end), chain)
    if (line === undefined) return broken(bytes, { records, chain, length })
    records.push(line.record)
    chain = line.chain
    length = end + 1
  }
  return { records, chain, length, tail: false }
}

function broken(
  bytes: Uint8Array,
  good: Pick<DecodedJournal, 'records' | 'chain' | 'length'>,
): DecodedJournal {
  const rest = bytes.subarray(good.length)
  const lines = rest.filter(byte => byte === 0x0a).length
  // A torn write leaves one line at the end, whole or not; anything after it is other damage.
  const isTail = lines === 0 || (lines === 1 && rest.at(-1) === 0x0a)
  if (isTail) return { ...good, tail: true }
  return { ...good, tail: false, damage: { line: good.records.length + 1, lost: lines } }
}

function decodeLine(
  line: Uint8Array,
  previous: string,
): { record: JournalRecord; chain: string } | undefined {
  const text = readText(line)
  if (text === undefined || text[64] !== ' ') return undefined
  const chain = text.slice(0, 64)
  const body = text.slice(65)
  if (checksum(previous, body) !== chain) return undefined
  const record: Json = parseStrictJson(toUtf8(body))
  return { record: record as unknown as JournalRecord, chain }
}

function readText(line: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(line)
  return text.length < 66 ? undefined : text
}

function checksum(previous: string, text: string): string {
  return createHash('sha256').update(`${previous}\n${text}`).digest('hex')
}
