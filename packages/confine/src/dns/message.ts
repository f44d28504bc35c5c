import { ConfineError } from '../error.ts'
import { toAddress } from '../network/address.ts'
import { readName } from './name.ts'

/** What is asked, or what a record is of. RFC 1035 §3.2.2, RFC 3596 §2.1; others are their numbers. */
export const dnsTypes = { A: 1, CNAME: 5, AAAA: 28 } as const

/** How a question was answered. RFC 1035 §4.1.1 */
export const dnsCodes = { done: 0, malformed: 1, failed: 2, noSuchName: 3, refused: 5 } as const

export interface DnsQuestion {
  /** In small letters, without its last dot. */
  readonly name: string
  readonly type: number
}

export interface DnsRecord extends DnsQuestion {
  /** Seconds that it may be kept. */
  readonly ttl: number
  /** Of A and AAAA an address, of CNAME a name; of others nothing. */
  readonly value?: string
}

/** A message of DNS, as far as whoever lets names through has to know it. RFC 1035 §4 */
export interface DnsMessage {
  readonly id: number
  readonly isAnswer: boolean
  /** The answer did not fit; it is asked for again over TCP. */
  readonly isTruncated: boolean
  readonly code: number
  readonly questions: readonly DnsQuestion[]
  readonly answers: readonly DnsRecord[]
}

const most = { questions: 4, answers: 256, bytes: 65_535 }

/** Reads a message. Error: `confine/dns`, for what no resolver would send. */
export function parseDnsMessage(bytes: Uint8Array): DnsMessage {
  if (bytes.length < 12 || bytes.length > most.bytes)
    throw malformed(`it has ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [id, flags, asked, answered] = [0, 2, 4, 6].map(at => view.getUint16(at)) as Four
  if (asked > most.questions || answered > most.answers)
    throw malformed(`it claims ${asked} questions and ${answered} answers`)
  const reader: Reader = { bytes, view, at: 12 }
  const questions = times(asked, () => readQuestion(reader))
  const answers = times(answered, () => readRecord(reader))
  return {
    id,
    isAnswer: (flags & 0x8000) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    code: flags & 0xf,
    questions,
    answers,
  }
}

type Four = [number, number, number, number]

interface Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  at: number
}

function times<T>(count: number, one: () => T): T[] {
  return Array.from({ length: count }, one)
}

function readQuestion(reader: Reader): DnsQuestion {
  const { name, next } = readName(reader.bytes, reader.at)
  refuseShort(reader, next + 4)
  reader.at = next + 4
  return { name, type: reader.view.getUint16(next) }
}

function readRecord(reader: Reader): DnsRecord {
  const { name, next } = readName(reader.bytes, reader.at)
  refuseShort(reader, next + 10)
  const type = reader.view.getUint16(next)
  // A time to live with its first bit set is none. RFC 2181 §8
  const ttl = Math.max(0, reader.view.getInt32(next + 4))
  const length = reader.view.getUint16(next + 8)
  const start = next + 10
  refuseShort(reader, start + length)
  reader.at = start + length
  const value = readValue(reader, type, start, length)
  return { name, type, ttl, ...(value !== undefined && { value }) }
}

function readValue(
  { bytes }: Reader,
  type: number,
  start: number,
  length: number,
): string | undefined {
  if (type === dnsTypes.CNAME) return readName(bytes, start).name
  const family = { [dnsTypes.A]: 'ipv4', [dnsTypes.AAAA]: 'ipv6' } as const
  const named = family[type as keyof typeof family]
  if (named === undefined) return undefined
  if (length !== (named === 'ipv4' ? 4 : 16)) throw malformed(`an address has ${length} bytes`)
  const value = bytes
    .subarray(start, start + length)
    .reduce((sum, one) => (sum << 8n) | BigInt(one), 0n)
  return toAddress({ family: named, value })
}

function refuseShort({ bytes }: Reader, end: number): void {
  if (end > bytes.length) throw malformed('it ends early')
}

function malformed(why: string): ConfineError {
  return new ConfineError('confine/dns', `cannot read DNS message: ${why}`)
}

/** A question to a resolver, which is to find the answer itself. */
export function toDnsQuery(id: number, { name, type }: DnsQuestion): Uint8Array {
  const labels = name
    .split('.')
    .flatMap(label => [label.length, ...Array.from(label, one => one.charCodeAt(0))])
  const head = [id >> 8, id & 0xff, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]
  return Uint8Array.from([...head, ...labels, 0, type >> 8, type & 0xff, 0, 1])
}

/** The answer to a question without any record: its own bytes up to the end of the question. */
export function toDnsRefusal(query: Uint8Array, code: number): Uint8Array {
  const { next } = readName(query, 12)
  const answer = query.slice(0, next + 4)
  answer[2] = 0x80 | ((query[2] ?? 0) & 0x79)
  answer[3] = 0x80 | code
  answer.fill(0, 6, 12)
  answer.set([0, 1], 4)
  return answer
}

/** The addresses that an answer gives for what was asked, and how long they hold: the shortest of its chain. */
export function answeredAddresses({ questions, answers }: DnsMessage): {
  readonly addresses: readonly string[]
  readonly ttl: number
} {
  const names = new Set(questions.slice(0, 1).map(({ name }) => name))
  const ttls: number[] = []
  const aliases = answers.filter(({ type }) => type === dnsTypes.CNAME)
  for (let hop = 0; hop < 16; hop += 1) {
    const next = aliases.filter(one => names.has(one.name) && !names.has(one.value ?? ''))
    if (next.length === 0) break
    for (const { value = '', ttl } of next) {
      names.add(value)
      ttls.push(ttl)
    }
  }
  const found = answers.filter(
    ({ type, name }) => (type === dnsTypes.A || type === dnsTypes.AAAA) && names.has(name),
  )
  const addresses = [...new Set(found.flatMap(({ value }) => (value ? [value] : [])))]
  return { addresses, ttl: Math.min(...ttls, ...found.map(({ ttl }) => ttl), 86_400) }
}
