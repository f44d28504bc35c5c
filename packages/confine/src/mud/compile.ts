import {
  type MudFile,
  type MudNote,
  type MudPeer,
  type MudRule,
  type PortRange,
  peerKey,
} from './mud-file.ts'

/** Where a device is in its network, and who there is meant by the words of a MUD file. */
export interface MudPlacement {
  /** Six octets in lower case, as `02:00:00:00:00:01`. */
  readonly mac: string
  /** Addresses that are the device’s now. */
  readonly addresses: readonly string[]
  readonly localNetworks: readonly string[]
  /** Addresses of those whom a class, a maker or a model means, by {@link peerKey}. */
  readonly peers: ReadonlyMap<string, readonly string[]>
}

/** Rules of nftables for one device, and the sets that somebody has to fill. */
export interface CompiledMud {
  /** For `nft -f`: one table, made anew; loaded whole or not at all. */
  readonly script: string
  readonly table: string
  /** By host name, the sets of its addresses. */
  readonly hosts: ReadonlyMap<string, { readonly ipv4: string; readonly ipv6: string }>
  readonly notes: readonly MudNote[]
}

/** What each end is called in a packet, by the direction that it goes. */
const sides = {
  from: { peer: 'daddr', peerPort: 'dport', devicePort: 'sport' },
  to: { peer: 'saddr', peerPort: 'sport', devicePort: 'dport' },
} as const
type Direction = keyof typeof sides

const families = {
  ipv4: { keyword: 'ip', type: 'ipv4_addr', suffix: '4', icmp: 'icmp' },
  ipv6: { keyword: 'ip6', type: 'ipv6_addr', suffix: '6', icmp: 'icmpv6' },
} as const
type IpFamily = keyof typeof families

/**
 * Compiles a file for one device of a network. The same file and placement make the same bytes. What a
 * file says reaches the script as a number, an address or a checked name, or in no way.
 */
export function compileMud(file: MudFile, placement: MudPlacement): CompiledMud {
  const table = `mud_${placement.mac.replaceAll(':', '')}`
  const sets = new Sets(placement)
  const notes: MudNote[] = []
  const chain = (direction: Direction, rules: readonly MudRule[]): string[] =>
    rules.flatMap(rule => toLine(rule, direction, sets, notes))
  const from = chain('from', file.fromDevice)
  const to = chain('to', file.toDevice)
  const script = [
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...sets.declarations().map(line => `  ${line}`),
    ...toChain('from_device', from),
    ...toChain('to_device', to),
    '  chain forward {',
    '    type filter hook forward priority 0; policy accept;',
    `    ether saddr ${placement.mac} goto from_device`,
    '    ip daddr @device4 goto to_device',
    '    ip6 daddr @device6 goto to_device',
    '  }',
    '}',
    '',
  ].join('\n')
  return { script, table, hosts: sets.hosts, notes }
}

function toChain(name: string, lines: readonly string[]): string[] {
  const whole = [...lines, 'counter drop comment "what the file does not allow"']
  return [`  chain ${name} {`, ...whole.map(line => `    ${line}`), '  }']
}

function toLine(rule: MudRule, direction: Direction, sets: Sets, notes: MudNote[]): string[] {
  if (rule.family === 'ethernet') {
    notes.push({ path: rule.name, message: 'is of Ethernet, which no router forwards: left out' })
    return []
  }
  const side = sides[direction]
  const parts = [
    ...peerMatches(rule, rule.family, side.peer, sets),
    ...protocolMatch(rule, rule.family),
    ...portMatch(rule, side.peerPort, rule.peerPorts),
    ...portMatch(rule, side.devicePort, rule.devicePorts),
    stateMatch(rule, direction),
    'counter',
    rule.action,
    `comment "${commentOf(rule.name)}"`,
  ]
  return [parts.filter(Boolean).join(' ')]
}

/** Who opens a connection of TCP: the other end only answers. RFC 8520 */
function stateMatch({ initiator }: MudRule, direction: Direction): string {
  const isAnswer = initiator !== undefined && (initiator === 'device') !== (direction === 'from')
  return isAnswer ? 'ct state established,related' : ''
}

function protocolMatch(rule: MudRule, family: IpFamily): string[] {
  const { protocol, icmp } = rule
  const plain = protocol === undefined ? [] : [`meta l4proto ${protocol}`]
  if (!icmp) return plain
  const { icmp: keyword } = families[family]
  const { type, code } = icmp
  return [
    ...plain,
    ...(type === undefined ? [] : [`${keyword} type ${type}`]),
    ...(code === undefined ? [] : [`${keyword} code ${code}`]),
  ]
}

function portMatch({ protocol }: MudRule, keyword: string, range: PortRange | undefined): string[] {
  if (!range) return []
  const { from, to, isOutside } = range
  const ports = from === to ? `${from}` : `${from}-${to}`
  return [`${protocol === 17 ? 'udp' : 'tcp'} ${keyword} ${isOutside ? '!= ' : ''}${ports}`]
}

function peerMatches({ peers }: MudRule, family: IpFamily, side: string, sets: Sets): string[] {
  const matches = peers.map(peer => peerMatch(peer, family, side, sets))
  return matches.length > 0 ? matches : [`meta nfproto ${family}`]
}

function peerMatch(peer: MudPeer, family: IpFamily, side: string, sets: Sets): string {
  const { keyword } = families[family]
  switch (peer.kind) {
    case 'network':
      return `${keyword} ${side} ${peer.of}`
    case 'mac':
      return `ether ${side} ${peer.of}`
    default:
      return `${keyword} ${side} @${sets.nameFor(peer, family)}`
  }
}

/** A name that no reader of the script can take for anything else. */
function commentOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9 ._-]/g, '_').slice(0, 64)
}

/** The named sets of one table, in the order in which its rules first ask for them. */
class Sets {
  readonly hosts = new Map<string, { readonly ipv4: string; readonly ipv6: string }>()
  readonly #placement: MudPlacement
  readonly #names = new Map<string, string>()

  constructor(placement: MudPlacement) {
    this.#placement = placement
  }

  nameFor(peer: MudPeer, family: IpFamily): string {
    const key = peerKey(peer)
    const stem = this.#names.get(key) ?? `peer${this.#names.size + 1}_`
    this.#names.set(key, stem)
    if (peer.kind === 'host') this.hosts.set(peer.of, { ipv4: `${stem}4`, ipv6: `${stem}6` })
    return `${stem}${families[family].suffix}`
  }

  declarations(): string[] {
    const { addresses, localNetworks, peers } = this.#placement
    const own = declare('device', addresses, '')
    const named = [...this.#names].flatMap(([key, stem]) => {
      if (key === 'local-networks')
        return declare(stem, localNetworks, 'flags interval; auto-merge; ')
      if (key.startsWith('host ')) return declare(stem, [], 'flags timeout; ')
      return declare(stem, peers.get(key) ?? [], 'flags interval; auto-merge; ')
    })
    return [...own, ...named]
  }
}

function declare(stem: string, addresses: readonly string[], flags: string): string[] {
  return (['ipv4', 'ipv6'] as const).map(family => {
    const { suffix, type } = families[family]
    const own = addresses.filter(one => one.includes(':') === (family === 'ipv6'))
    const elements = own.length === 0 ? '' : `elements = { ${own.join(', ')} }; `
    return `set ${stem}${suffix} { type ${type}; ${flags}${elements}}`
  })
}
