import { ConfineError } from '../error.ts'
import { type AddressFamilyName, addressBits, parseAddress, toAddress } from './address.ts'

/** Whom a package may talk to: one exact name, or the addresses of one network. */
export type Host = HostName | Network

export interface HostName {
  readonly kind: 'name'
  /** In small letters, without a last dot. */
  readonly name: string
}

export interface Network {
  readonly kind: 'network'
  readonly family: AddressFamilyName
  /** Its first address. RFC 5952 for IPv6 */
  readonly address: string
  readonly prefix: number
}

/** First and last port, both of the range. */
export interface Ports {
  readonly from: number
  readonly to: number
}

const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?'
/** Labels of letters, digits, `-` and `_` of which the last is no number. RFC 1123 §2.1, RFC 3696 §2 */
const hostName = new RegExp(`^(?=.{1,253}$)(${label}\\.)+(?=[a-z0-9-]*[a-z])${label}$`)

/** Names that mean the device itself or nothing at all. RFC 6761 §6 */
const reserved = /(^|\.)(localhost|invalid)$/

/**
 * A host of a request: an exact name of at least two labels, an address, or a network with its prefix.
 * Refuses what is none of these, and networks that hold the device itself or no host.
 */
export function parseHost(text: string): Host {
  const [address = '', prefix, ...more] = text.split('/')
  if (parseAddress(address) && more.length === 0) return parseNetwork(text, address, prefix)
  const name = text.toLowerCase().replace(/\.$/, '')
  if (text.includes('*')) throw refused(text, 'wildcards are not names; list each name')
  if (/[^\x21-\x7e]/.test(text)) throw refused(text, 'write it in its ASCII form (xn--…)')
  if (!hostName.test(name)) throw refused(text, 'it is no host name, address or network')
  if (reserved.test(name)) throw refused(text, 'it is the device itself, or no host at all')
  return { kind: 'name', name }
}

function parseNetwork(text: string, address: string, prefix: string | undefined): Network {
  const { family, value } = parseAddress(address) as NonNullable<ReturnType<typeof parseAddress>>
  const bits = addressBits[family]
  const length = prefix === undefined ? bits : Number(prefix)
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || length > bits)) {
    throw refused(text, `a prefix of ${family} is 0 to ${bits}`)
  }
  const rest = BigInt(bits - length)
  const network: Network = {
    kind: 'network',
    family,
    address: toAddress({ family, value }),
    prefix: length,
  }
  if ((value >> rest) << rest !== value) throw refused(text, 'it has bits beyond its prefix')
  const near = unreachable.find(one => networksOverlap(one, network))
  if (near) throw refused(text, `it holds ${near.address}/${near.prefix}, which is no other host`)
  return network
}

/** Networks in which no package finds another host: the device itself, its links, groups. RFC 6890 */
const unreachable: readonly Network[] = (
  [
    ['ipv4', '0.0.0.0', 8],
    ['ipv4', '127.0.0.0', 8],
    ['ipv4', '169.254.0.0', 16],
    ['ipv4', '224.0.0.0', 3],
    ['ipv6', '::', 127],
    ['ipv6', '::ffff:0:0', 96],
    ['ipv6', 'fe80::', 10],
    ['ipv6', 'ff00::', 8],
  ] as const
).map(([family, address, prefix]) => ({ kind: 'network', family, address, prefix }))

/** Whether an address is one that no name may resolve to for a package: see {@link unreachable}. */
export function isUnreachable(address: string): boolean {
  const parsed = parseAddress(address)
  if (!parsed) return true
  const { family } = parsed
  const one: Network = { kind: 'network', family, address, prefix: addressBits[family] }
  return unreachable.some(network => networksOverlap(network, one))
}

/** Whether any address is in both. */
export function networksOverlap(a: Network, b: Network): boolean {
  if (a.family !== b.family) return false
  const rest = BigInt(addressBits[a.family] - Math.min(a.prefix, b.prefix))
  const [first, second] = [a, b].map(({ address }) => (parseAddress(address)?.value ?? -1n) >> rest)
  return first === second
}

/** One port, or `8000-8010`: 1 to 65535, the smaller first. */
export function parsePorts(value: number | string): Ports {
  const [from, to = from, ...more] = `${value}`.split('-')
  const ports = { from: Number(from), to: Number(to) }
  const isPort = (text = '', port: number) => /^[1-9]\d{0,4}$/.test(text) && port <= 65_535
  if (more.length > 0 || !isPort(from, ports.from) || !isPort(to, ports.to)) {
    throw refusedPorts(value, 'it is no port (1 to 65535) and no range of them (8000-8010)')
  }
  if (ports.from > ports.to) throw refusedPorts(value, 'it ends before it begins')
  return ports
}

function refused(text: string, why: string): ConfineError {
  return new ConfineError('confine/host', `cannot allow ${shown(text)}: ${why}`, {
    host: shown(text),
  })
}

function refusedPorts(value: number | string, why: string): ConfineError {
  const ports = shown(`${value}`)
  return new ConfineError('confine/ports', `cannot allow port ${ports}: ${why}`, { ports })
}

/** What a stranger wrote, as one short line. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text)
}
