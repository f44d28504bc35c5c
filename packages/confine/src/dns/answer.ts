import { addressBits, parseAddress } from '../network/address.ts'
import { dnsCodes, dnsTypes, toDnsRefusal } from './message.ts'

/** The first bit of the third byte: that the answer did not fit. RFC 1035 §4.1.1 */
const truncated = 0x02
/** To the name of the question, which follows the head. RFC 1035 §4.1.4 */
const toQuestionName = [0xc0, 12]

/** The answer to a question with addresses, all of which are its own; cut short where it exceeds `most` bytes. */
export function toDnsAnswer(
  query: Uint8Array,
  { addresses, ttl }: { readonly addresses: readonly string[]; readonly ttl: number },
  most = 65_535,
): Uint8Array {
  const head = toDnsRefusal(query, dnsCodes.done)
  const records = addresses.map(address => toRecord(address, ttl))
  const length = records.reduce((sum, record) => sum + record.length, head.length)
  if (length > most) {
    head[2] = (head[2] ?? 0) | truncated
    return head
  }
  new DataView(head.buffer).setUint16(6, records.length)
  return Uint8Array.from([head, ...records].flatMap(part => [...part]))
}

function toRecord(address: string, ttl: number): Uint8Array {
  const parsed = parseAddress(address)
  if (parsed === undefined) throw new RangeError(`cannot answer with ${address}: it is no address`)
  const length = addressBits[parsed.family] / 8
  const record = new DataView(new ArrayBuffer(12 + length))
  for (const [at, byte] of toQuestionName.entries()) record.setUint8(at, byte)
  record.setUint16(2, parsed.family === 'ipv4' ? dnsTypes.A : dnsTypes.AAAA)
  record.setUint16(4, 1)
  record.setUint32(6, ttl)
  record.setUint16(10, length)
  for (let i = 0; i < length; i += 1) {
    record.setUint8(12 + i, Number((parsed.value >> BigInt(8 * (length - 1 - i))) & 0xffn))
  }
  return new Uint8Array(record.buffer)
}
