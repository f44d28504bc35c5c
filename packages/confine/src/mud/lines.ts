import type { MudNote, MudPeer, MudRule, PortRange } from './mud-file.ts'

/** What each end is called in a packet, by the direction that it goes. */
const sides = {
  from: { peer: 'daddr', peerPort: 'dport', devicePort: 'sport' },
  to: { peer: 'saddr', peerPort: 'sport', devicePort: 'dport' },
} as const
export type Direction = keyof typeof sides

export const families = {
  ipv4: { keyword: 'ip', type: 'ipv4_addr', suffix: '4', icmp: 'icmp' },
  ipv6: { keyword: 'ip6', type: 'ipv6_addr', suffix: '6', icmp: 'icmpv6' },
} as const
export type IpFamily = keyof typeof families

/**
 * How a peer is told that is neither a prefix nor a MAC address: each of the matches names it, so that a rule
 * becomes one line for each.
 */
export type MatchPeer = (peer: MudPeer, family: IpFamily, side: string) => readonly string[]

/** A rule of a file in the words of nftables; none where no router could follow it, which is noted. */
export function toRuleLines(
  rule: MudRule,
  direction: Direction,
  matchPeer: MatchPeer,
  notes: MudNote[],
): string[] {
  const { family } = rule
  if (family === 'ethernet') {
    notes.push({ path: rule.name, message: 'is of Ethernet, which no router forwards: left out' })
    return []
  }
  const side = sides[direction]
  const rest = [
    ...protocolMatch(rule, family),
    ...portMatch(rule, side.peerPort, rule.peerPorts),
    ...portMatch(rule, side.devicePort, rule.devicePorts),
    stateMatch(rule, direction),
    'counter',
    rule.action,
    `comment "${commentOf(rule.name)}"`,
  ]
  const all = peerMatches(rule, family, side.peer, matchPeer)
  return all.map(peers => [...peers, ...rest].filter(Boolean).join(' '))
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

/** Every way to meet all peers of a rule at once. */
function peerMatches(
  { peers }: MudRule,
  family: IpFamily,
  side: string,
  matchPeer: MatchPeer,
): string[][] {
  if (peers.length === 0) return [[`meta nfproto ${family}`]]
  return peers.reduce<string[][]>(
    (ways, peer) => {
      const matches = peerMatch(peer, family, side, matchPeer)
      return ways.flatMap(way => matches.map(match => [...way, match]))
    },
    [[]],
  )
}

function peerMatch(
  peer: MudPeer,
  family: IpFamily,
  side: string,
  matchPeer: MatchPeer,
): readonly string[] {
  switch (peer.kind) {
    case 'network':
      return [`${families[family].keyword} ${side} ${peer.of}`]
    case 'mac':
      return [`ether ${side} ${peer.of}`]
    default:
      return matchPeer(peer, family, side)
  }
}

/** A name that no reader of the script can take for anything else. */
function commentOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9 ._-]/g, '_').slice(0, 64)
}
