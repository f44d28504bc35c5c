import { isCoded } from '@steadfleet/base'
import {
  answeredAddresses,
  type DnsMessage,
  dnsCodes,
  dnsTypes,
  parseDnsMessage,
} from '@steadfleet/confine/dns'

/** One question of a package, and its own bytes, of which its answer is made. */
export interface Question {
  /** In small letters, without a last dot. */
  readonly name: string
  readonly type: number
  readonly bytes: Uint8Array
}

/** What of DNS is answered here: addresses. */
export type AddressType = typeof dnsTypes.A | typeof dnsTypes.AAAA

export interface Found {
  readonly addresses: readonly string[]
  /** Seconds. */
  readonly ttl: number
}

/** What a resolver said: addresses, that there are none, or that it could not say. */
export type Reply =
  | { readonly kind: 'found'; readonly found: Found }
  | { readonly kind: 'none'; readonly code: number }
  | { readonly kind: 'cut short' }
  | { readonly kind: 'unable' }

/** More than fit into a message of 512 bytes nobody needs. */
const mostAddresses = 16

/** Reads a question; undefined for what is none, or more than one, or no plain query. */
export function readQuestion(bytes: Uint8Array): Question | undefined {
  const message = read(bytes)
  const [question, ...more] = message?.questions ?? []
  const isPlain = ((bytes[2] ?? 0) & 0x78) === 0 // RFC 1035 §4.1.1: OPCODE
  if (message === undefined || message.isAnswer || !isPlain) return undefined
  if (question === undefined || more.length > 0) return undefined
  return { ...question, bytes }
}

/** Reads a resolver's answer to a question; undefined for what is no answer to it. RFC 5452 §9.1 */
export function readReply(
  bytes: Uint8Array,
  { id, name, type }: { readonly id: number; readonly name: string; readonly type: AddressType },
): Reply | undefined {
  const reply = read(bytes)
  const [question, ...more] = reply?.questions ?? []
  if (!reply?.isAnswer || reply.id !== id || more.length > 0) return undefined
  if (question?.name !== name || question.type !== type) return undefined
  if (reply.isTruncated) return { kind: 'cut short' }
  if (reply.code === dnsCodes.noSuchName) return { kind: 'none', code: reply.code }
  if (reply.code !== dnsCodes.done) return { kind: 'unable' }
  return toReply(reply, type)
}

function toReply(reply: DnsMessage, type: AddressType): Reply {
  const { addresses, ttl } = answeredAddresses(reply)
  const own = addresses.filter(one => one.includes(':') === (type === dnsTypes.AAAA))
  if (own.length === 0) return { kind: 'none', code: dnsCodes.done }
  return { kind: 'found', found: { addresses: own.slice(0, mostAddresses), ttl } }
}

function read(bytes: Uint8Array): DnsMessage | undefined {
  try {
    return parseDnsMessage(bytes)
  } catch (error) {
    if (isCoded(error, 'confine/dns')) return undefined
    throw error
  }
}
