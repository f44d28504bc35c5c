import { toDocument } from '@steadfleet/base'
import type {
  Flow,
  Host,
  Listener,
  Network,
  NetworkNeeds,
  Ports,
  Transport,
} from '../network/index.ts'
import type { IpFamily } from './lines.ts'
import { parseMud } from './read.ts'

/** What a MUD file says beside who may talk to whom. RFC 8520 §3, RFC 9472 §3 */
export interface MudDescription {
  /** Where the file will be; https. */
  readonly url: string
  readonly lastUpdate: Date
  /** Hours that a copy is good for: 1 to 168. */
  readonly cacheHours?: number
  readonly isSupported: boolean
  /** Where its signature will be. */
  readonly signature?: string
  readonly about: Readonly<Partial<Record<MudAbout, string>>>
  readonly sboms?: readonly { readonly version: string; readonly url?: string }[]
  /** Where known flaws are told. */
  readonly flaws?: readonly string[]
}

export type MudAbout =
  | 'systeminfo'
  | 'mfg-name'
  | 'model-name'
  | 'firmware-rev'
  | 'software-rev'
  | 'documentation'

/**
 * The MUD file of what asks so much of the network: the same needs and description make the same bytes.
 * Error: `confine/mud`, where the description makes no file that the strict reader takes.
 */
export function toMud(needs: NetworkNeeds, description: MudDescription): Uint8Array {
  const entries = entriesOf(needs)
  const lists = directions.flatMap(direction =>
    (['ipv4', 'ipv6'] as const).map(family => toList(entries, direction, family)),
  )
  const policy = (direction: Direction) => ({
    'access-lists': {
      'access-list': lists.flatMap(({ name }) => (name.startsWith(direction) ? [{ name }] : [])),
    },
  })
  const bytes = toDocument({
    'ietf-mud:mud': {
      ...headOf(description),
      'from-device-policy': policy('from'),
      'to-device-policy': policy('to'),
    },
    'ietf-access-control-list:acls': { acl: lists },
  })
  parseMud(bytes)
  return bytes
}

function headOf(description: MudDescription) {
  const { url, lastUpdate, cacheHours = 48, isSupported, signature, about } = description
  const { sboms = [], flaws = [] } = description
  const isTransparent = sboms.length + flaws.length > 0
  return {
    'mud-version': 1,
    'mud-url': url,
    'last-update': lastUpdate.toISOString().replace(/\.\d+Z$/, 'Z'),
    ...(signature !== undefined && { 'mud-signature': signature }),
    'cache-validity': cacheHours,
    'is-supported': isSupported,
    ...about,
    ...(isTransparent && {
      extensions: ['transparency'],
      'ietf-mud-transparency:transparency': {
        ...(sboms.length > 0 && { sboms: sboms.map(toSbom) }),
        ...(flaws.length > 0 && { 'vuln-url': [...flaws] }),
      },
    }),
  }
}

function toSbom({ version, url }: { readonly version: string; readonly url?: string }) {
  return { 'version-info': version, ...(url !== undefined && { 'sbom-url': url }) }
}

const directions = ['from', 'to'] as const
type Direction = (typeof directions)[number]

/** One kind of talk, from which both directions are made. */
interface Entry {
  readonly name: string
  readonly peer: 'anybody' | 'local' | 'resolver' | Host
  readonly protocol: Transport
  /** Whose port is said, and who begins. */
  readonly portOf: 'peer' | 'device'
  readonly ports?: Ports
  /** Absent: either end; for groups and datagrams, of which nobody is the first. */
  readonly opens?: 'device' | 'peer'
  /** In one direction alone: what is sent to a group is not answered by it. */
  readonly only?: Direction
}

function entriesOf({ outbound, listen, lan, discovery, names }: NetworkNeeds): Entry[] {
  const connections =
    outbound === 'anywhere' ? anywhere('connect', 'device') : outbound.map(toEntry)
  const services = listen === 'any port' ? anywhere('listen', 'peer') : listen.flatMap(listened)
  const local = lan.map(
    ({ ports, protocol }, i): Entry => ({
      ...{ name: `lan-${i + 1}`, peer: 'local', protocol, ports },
      ...{ portOf: 'peer', opens: 'device' },
    }),
  )
  const dns = names.length === 0 ? [] : (['tcp', 'udp'] as const).map(lookup)
  return [...connections, ...services, ...local, ...discovery.flatMap(discovered), ...dns]
}

function toEntry({ host, ports, protocol }: Flow, i: number): Entry {
  const name = `connect-${i + 1}`
  return { name, peer: host, protocol, ports, portOf: 'peer', opens: 'device' }
}

function anywhere(what: 'connect' | 'listen', opens: 'device' | 'peer'): Entry[] {
  return (['tcp', 'udp'] as const).map(protocol => ({
    name: `${what}-anywhere-${protocol}`,
    peer: 'anybody',
    protocol,
    portOf: opens === 'device' ? 'peer' : 'device',
    opens,
  }))
}

function listened({ ports, protocol, from }: Listener, i: number): Entry[] {
  if (from === 'device') return []
  const peers: Entry['peer'][] =
    typeof from === 'string' ? [from === 'lan' ? 'local' : 'anybody'] : [...from]
  return peers.map((peer, k) => ({
    ...{ name: `listen-${i + 1}-${k + 1}`, peer, protocol, ports },
    ...{ portOf: 'device', opens: 'peer' },
  }))
}

/** Groups that devices of a network find each other in. RFC 6762 §3, UPnP Device Architecture 2.0 §1 */
const groups = {
  mdns: { port: 5353, ipv4: '224.0.0.251', ipv6: 'ff02::fb' },
  ssdp: { port: 1900, ipv4: '239.255.255.250', ipv6: 'ff02::c' },
} as const

function discovered(what: keyof typeof groups): Entry[] {
  const { port, ipv4, ipv6 } = groups[what]
  const group = (family: IpFamily, address: string): Entry => ({
    name: `${what}-group-${family}`,
    peer: { kind: 'network', family, address, prefix: family === 'ipv4' ? 32 : 128 },
    protocol: 'udp',
    ports: { from: port, to: port },
    portOf: 'peer',
    only: 'from',
  })
  const near = (portOf: 'peer' | 'device'): Entry => ({
    name: `${what}-${portOf === 'peer' ? 'asked' : 'answered'}`,
    peer: 'local',
    protocol: 'udp',
    ports: { from: port, to: port },
    portOf,
  })
  return [group('ipv4', ipv4), group('ipv6', ipv6), near('peer'), near('device')]
}

function lookup(protocol: Transport): Entry {
  const ports = { from: 53, to: 53 }
  return {
    name: `names-${protocol}`,
    peer: 'resolver',
    protocol,
    ports,
    portOf: 'peer',
    opens: 'device',
  }
}

function toList(entries: readonly Entry[], direction: Direction, family: IpFamily) {
  const fitting = entries.filter(({ peer, only = direction }) => {
    const isOther = typeof peer === 'object' && peer.kind === 'network' && peer.family !== family
    return only === direction && !isOther
  })
  return {
    name: `${direction}-${family}`,
    type: `${family}-acl-type`,
    aces: { ace: fitting.map(entry => toAce(entry, direction, family)) },
  }
}

function toAce(
  { name, peer, protocol, portOf, ports, opens }: Entry,
  direction: Direction,
  family: IpFamily,
) {
  const isFrom = direction === 'from'
  const end = isFrom === (portOf === 'peer') ? 'destination' : 'source'
  const port = ports ? { [`${end}-port`]: toPort(ports) } : {}
  const begun = opens && {
    'ietf-mud:direction-initiated': opens === 'device' ? 'from-device' : 'to-device',
  }
  const layer = { ...port, ...(protocol === 'tcp' && begun) }
  const number = protocol === 'tcp' ? 6 : 17
  return {
    name,
    matches: {
      ...abstractPeer(peer),
      [family]: { protocol: number, ...namedPeer(peer, isFrom, family) },
      ...(Object.keys(layer).length > 0 && { [protocol]: layer }),
    },
    actions: { forwarding: 'accept' },
  }
}

function toPort({ from, to }: Ports) {
  return from === to ? { operator: 'eq', port: from } : { 'lower-port': from, 'upper-port': to }
}

function abstractPeer(peer: Entry['peer']) {
  if (peer === 'local') return { 'ietf-mud:mud': { 'local-networks': [null] } }
  if (peer !== 'resolver') return {}
  return { 'ietf-mud:mud': { controller: 'urn:ietf:params:mud:dns' } }
}

function namedPeer(peer: Entry['peer'], isFrom: boolean, family: IpFamily) {
  if (typeof peer === 'string') return {}
  if (peer.kind === 'name') return { [`ietf-acldns:${isFrom ? 'dst' : 'src'}-dnsname`]: peer.name }
  const { address, prefix }: Network = peer
  return { [`${isFrom ? 'destination' : 'source'}-${family}-network`]: `${address}/${prefix}` }
}

/** The needs of several packages that share a device: what any of them may say, the device may. */
export function joinNeeds(all: readonly NetworkNeeds[]): NetworkNeeds {
  const outbound = all.map(one => one.outbound)
  const listen = all.map(one => one.listen)
  const names = all.map(one => one.names)
  return {
    outbound: outbound.includes('anywhere') ? 'anywhere' : distinct(outbound.flat() as Flow[]),
    listen: listen.includes('any port') ? 'any port' : distinct(listen.flat() as Listener[]),
    lan: distinct(all.flatMap(one => one.lan)),
    discovery: distinct(all.flatMap(one => one.discovery)),
    names: names.includes('anything') ? 'anything' : distinct(names.flat()),
  }
}

/** In the order of their texts, each once. */
function distinct<T>(values: readonly T[]): T[] {
  const byText = new Map(values.map(value => [JSON.stringify(value), value]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}
