import { type AddressFamilyName, toAddress } from '../network/address.ts'

/** A frame as far as who talks to whom is in it. */
export interface Frame {
  /** MAC addresses, in lower case. */
  readonly from: string
  readonly to: string
  readonly etherType: number
  readonly packet?: Packet
}

export interface Packet {
  readonly family: AddressFamilyName
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly transport?: Segment
}

export interface Segment {
  readonly sourcePort: number
  readonly destinationPort: number
  /** Of TCP: whether it opens a connection, and whether it answers one. */
  readonly isSyn: boolean
  readonly isAck: boolean
  /** Of UDP. */
  readonly payload: Uint8Array
}

const vlanTypes: ReadonlySet<number> = new Set([0x8100, 0x88a8])

/** Reads a frame of Ethernet; undefined for one that is cut too short to say anything. IEEE 802.3, 802.1Q */
export function readFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < 14) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 12
  for (let tags = 0; tags < 2 && at + 6 <= bytes.length; tags += 1) {
    if (!vlanTypes.has(view.getUint16(at))) break
    at += 4
  }
  if (at + 2 > bytes.length) return undefined
  const etherType = view.getUint16(at)
  const packet = readPacket(bytes.subarray(at + 2), etherType)
  const [to, from] = [macOf(bytes.subarray(0, 6)), macOf(bytes.subarray(6, 12))]
  return { from, to, etherType, ...(packet && { packet }) }
}

function macOf(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(':')
}

function readPacket(bytes: Uint8Array, etherType: number): Packet | undefined {
  if (etherType === 0x0800) return readIpv4(bytes)
  return etherType === 0x86dd ? readIpv6(bytes) : undefined
}

/** RFC 791 §3.1 */
function readIpv4(bytes: Uint8Array): Packet | undefined {
  const [first = 0] = bytes
  const head = (first & 0xf) * 4
  if (first >> 4 !== 4 || head < 20 || bytes.length < head) return undefined
  const total = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)
  const offset = (((bytes[6] ?? 0) & 0x1f) << 8) | (bytes[7] ?? 0)
  const body = bytes.subarray(head, Math.max(head, Math.min(total, bytes.length)))
  const addresses = [12, 16].map(at => addressOf('ipv4', bytes.subarray(at, at + 4)))
  return packetOf('ipv4', addresses, bytes[9] ?? 0, offset === 0 ? body : undefined)
}

const extensions: ReadonlySet<number> = new Set([0, 43, 60, 135])

/** RFC 8200 §3, §4 */
function readIpv6(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < 40 || (bytes[0] ?? 0) >> 4 !== 6) return undefined
  let next = bytes[6] ?? 0
  let at = 40
  for (let hop = 0; hop < 8 && extensions.has(next) && at + 8 <= bytes.length; hop += 1) {
    next = bytes[at] ?? 0
    at += ((bytes[at + 1] ?? 0) + 1) * 8
  }
  const addresses = [8, 24].map(from => addressOf('ipv6', bytes.subarray(from, from + 16)))
  return packetOf('ipv6', addresses, next, bytes.subarray(Math.min(at, bytes.length)))
}

function addressOf(family: AddressFamilyName, bytes: Uint8Array): string {
  return toAddress({ family, value: bytes.reduce((sum, one) => (sum << 8n) | BigInt(one), 0n) })
}

function packetOf(
  family: AddressFamilyName,
  [source = '', destination = '']: readonly string[],
  protocol: number,
  body: Uint8Array | undefined,
): Packet {
  const transport = body && readSegment(body, protocol)
  return { family, source, destination, protocol, ...(transport && { transport }) }
}

/** RFC 9293 §3.1, RFC 768 */
function readSegment(bytes: Uint8Array, protocol: number): Segment | undefined {
  const least = { 6: 20, 17: 8 }[protocol]
  if (least === undefined || bytes.length < least) return undefined
  const flags = protocol === 6 ? (bytes[13] ?? 0) : 0
  return {
    sourcePort: ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0),
    destinationPort: ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0),
    isSyn: (flags & 0x02) !== 0,
    isAck: (flags & 0x10) !== 0,
    payload: protocol === 17 ? bytes.subarray(8) : new Uint8Array(),
  }
}
