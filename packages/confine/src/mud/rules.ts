import {
  type MudFamily,
  type MudNote,
  type MudPeer,
  type MudRule,
  type PortRange,
  peerKey,
} from './mud-file.ts'
import type { AccessEntry, AccessList, MudDocument, PortMatch } from './schema.ts'

/** The two policies of a file: whose packets each is about, seen from the device. */
const directions = {
  'from-device-policy': { peerIs: 'destination', name: 'dst' },
  'to-device-policy': { peerIs: 'source', name: 'src' },
} as const

type Direction = keyof typeof directions
type Fault = (path: string, message: string) => void

/** IP protocol numbers of what access lists match by name. */
const protocols = { tcp: [6], udp: [17], icmp: [1, 58] } as const

/** Classes that everybody knows. RFC 8520 */
const registered: ReadonlySet<string> = new Set([
  'urn:ietf:params:mud:dns',
  'urn:ietf:params:mud:ntp',
])

const familyOf: Readonly<Record<AccessList['type'], MudFamily>> = {
  'ipv4-acl-type': 'ipv4',
  'ipv6-acl-type': 'ipv6',
  'eth-acl-type': 'ethernet',
}

export interface MudRules {
  readonly rules: readonly MudRule[]
  /** What no reader may guess. An entry with a fault is not among the rules. */
  readonly faults: readonly MudNote[]
  /** What is odd and harmless. */
  readonly notes: readonly MudNote[]
}

/** The rules of one direction, in the order of its lists. */
export function rulesOf(document: MudDocument, direction: Direction): MudRules {
  const faults: MudNote[] = []
  const notes: MudNote[] = []
  const lists = document['ietf-access-control-list:acls']?.acl ?? []
  const named = document['ietf-mud:mud'][direction]?.['access-lists']['access-list'] ?? []
  const rules = named.flatMap(({ name }, i) => {
    const at = lists.findIndex(one => one.name === name)
    const list = lists[at]
    const place = `/ietf-mud:mud/${direction}/access-lists/access-list/${i}`
    if (list)
      return rulesIn(list, direction, `/ietf-access-control-list:acls/acl/${at}`, faults, notes)
    faults.push({ path: place, message: `names an access list ${name} that is not there` })
    return []
  })
  return { rules, faults, notes }
}

function rulesIn(
  { aces, type }: AccessList,
  direction: Direction,
  path: string,
  faults: MudNote[],
  notes: MudNote[],
): MudRule[] {
  const family = familyOf[type]
  const seen = new Set<string>()
  return aces.ace.flatMap((entry, i) => {
    const at = `${path}/aces/ace/${i}`
    const before = faults.length
    const fault: Fault = (where, message) => faults.push({ path: `${at}${where}`, message })
    if (seen.has(entry.name)) fault('/name', `stands twice in its list`)
    seen.add(entry.name)
    const rule = ruleOf(entry, family, direction, fault)
    for (const peer of rule.peers.filter(isUnregistered))
      notes.push({ path: `${at}/matches`, message: `${peerKey(peer)} is not registered` })
    return faults.length > before ? [] : [rule]
  })
}

function isUnregistered(peer: MudPeer): boolean {
  if (peer.kind !== 'controller') return false
  return peer.of.startsWith('urn:ietf:params:mud:') && !registered.has(peer.of)
}

function ruleOf(
  { name, matches, actions }: AccessEntry,
  family: MudFamily,
  direction: Direction,
  fault: Fault,
): MudRule {
  refuseOtherFamily(matches, family, fault)
  refuseOwnAddress(matches, direction, fault)
  const transport = transportOf(matches, direction, fault)
  const protocol = protocolOf(matches, family, fault)
  const ethertype = matches.eth?.ethertype
  return {
    name,
    family,
    peers: [...abstractPeers(matches), ...namedPeers(matches, direction)],
    ...(protocol !== undefined && { protocol }),
    ...transport,
    ...(matches.icmp && { icmp: matches.icmp }),
    ...(ethertype !== undefined && { etherType: Number(ethertype) }),
    action: actions.forwarding,
  }
}

type Matches = AccessEntry['matches']

function refuseOtherFamily(matches: Matches, family: MudFamily, fault: Fault): void {
  if (matches.ipv4 && family === 'ipv6') fault('/matches/ipv4', 'stands in a list of IPv6')
  if (matches.ipv6 && family === 'ipv4') fault('/matches/ipv6', 'stands in a list of IPv4')
  if ((matches.ipv4 || matches.ipv6) && family === 'ethernet')
    fault('/matches', 'stands in a list of Ethernet')
  const layers = (['tcp', 'udp', 'icmp'] as const).filter(one => matches[one])
  if (layers.length > 1) fault('/matches', `is of ${layers.join(' and ')} at once`)
}

/** The protocol that is asked for, by its number or by a match that only it has. */
function protocolOf(matches: Matches, family: MudFamily, fault: Fault): number | undefined {
  const said = (matches.ipv4 ?? matches.ipv6)?.protocol
  const layer = (['tcp', 'udp', 'icmp'] as const).find(one => matches[one])
  if (layer === undefined) return said
  const fitting: readonly number[] = protocols[layer]
  if (said === undefined) return fitting.at(family === 'ipv6' ? -1 : 0)
  if (!fitting.includes(said)) fault('/matches', `is of ${layer} and of protocol ${said} at once`)
  return said
}

/** RFC 8520: who is meant is for the network to say. */
function abstractPeers({ 'ietf-mud:mud': mud }: Matches): MudPeer[] {
  const plain = (['same-manufacturer', 'local-networks', 'my-controller'] as const).flatMap(kind =>
    mud?.[kind] ? [{ kind }] : [],
  )
  const named = (['manufacturer', 'model', 'controller'] as const).flatMap(kind => {
    const of = mud?.[kind]
    return of === undefined ? [] : [{ kind, of }]
  })
  return [...plain, ...named]
}

function namedPeers({ ipv4, ipv6, eth }: Matches, direction: Direction): MudPeer[] {
  const { peerIs, name } = directions[direction]
  const host = (ipv4 ?? ipv6)?.[`ietf-acldns:${name}-dnsname`]
  const network = ipv4?.[`${peerIs}-ipv4-network`] ?? ipv6?.[`${peerIs}-ipv6-network`]
  const mac = eth?.[`${peerIs}-mac-address`]
  return [
    ...(host === undefined ? [] : [{ kind: 'host', of: host.toLowerCase() } as const]),
    ...(network === undefined ? [] : [{ kind: 'network', of: network } as const]),
    ...(mac === undefined ? [] : [{ kind: 'mac', of: mac.toLowerCase() } as const]),
  ]
}

/** Where the device is in the network is nothing its maker can know. RFC 8520 */
function refuseOwnAddress({ ipv4, ipv6 }: Matches, direction: Direction, fault: Fault): void {
  const isFrom = direction === 'from-device-policy'
  const [own, end] = isFrom ? (['src', 'source'] as const) : (['dst', 'destination'] as const)
  const said = [
    (ipv4 ?? ipv6)?.[`ietf-acldns:${own}-dnsname`],
    ipv4?.[`${end}-ipv4-network`],
    ipv6?.[`${end}-ipv6-network`],
  ]
  if (said.some(one => one !== undefined)) fault('/matches', 'says where the device itself is')
}

type Transport = Pick<MudRule, 'devicePorts' | 'peerPorts' | 'initiator'>

function transportOf({ tcp, udp }: Matches, direction: Direction, fault: Fault): Transport {
  const layer = tcp ?? udp
  const source = rangeOf(layer?.['source-port'], '/matches', fault)
  const destination = rangeOf(layer?.['destination-port'], '/matches', fault)
  const isFrom = direction === 'from-device-policy'
  const [devicePorts, peerPorts] = isFrom ? [source, destination] : [destination, source]
  const said = tcp?.['ietf-mud:direction-initiated']
  return {
    ...(devicePorts && { devicePorts }),
    ...(peerPorts && { peerPorts }),
    ...(said && { initiator: said === 'from-device' ? 'device' : 'peer' }),
  }
}

const last = 65_535

function rangeOf(match: PortMatch | undefined, path: string, fault: Fault): PortRange | undefined {
  if (match === undefined) return undefined
  if ('lower-port' in match) {
    const { 'lower-port': from, 'upper-port': to = from } = match
    if (from > to) fault(path, `has ports from ${from} to ${to}, upside down`)
    return { from, to }
  }
  const { operator, port } = match
  if (operator === 'lte') return { from: 0, to: port }
  if (operator === 'gte') return { from: port, to: last }
  return { from: port, to: port, ...(operator === 'neq' && { isOutside: true }) }
}
