import type { Listener, Network, NetworkNeeds } from '../network/index.ts'
import { discoveryAsking, discoveryHooks, discoverySets } from './discovery.ts'
import { type FlowGroup, groupFlows, nameSet, networkSet, toPorts } from './groups.ts'
import { firewallLimits as limits } from './limits.ts'
import { everyLink, gateway, type Place } from './place.ts'
import { toNetwork, toSets } from './sets.ts'

/**
 * The firewall of one package as text for `nft -f`: one table on the device's side of its link, made anew,
 * loaded whole or not at all. The same needs and place make the same bytes; nothing of a name gets into it.
 * What changes while it stands (addresses of names, the device's own networks, isolation) is in sets and
 * chains that are filled apart: `changes.ts`.
 */
export function toFirewall(needs: NetworkNeeds, place: Place): string {
  const groups = groupFlows(needs.outbound === 'anywhere' ? [] : needs.outbound)
  const finds = needs.discovery.length > 0
  const lines = [
    ...toSets(groups),
    ...(finds ? discoverySets : []),
    ...(finds ? discoveryHooks(place).flatMap(([name, rules]) => chain(name, rules)) : []),
    ...toHooks(place),
    ...chain('isolation', []),
    ...chain('leaving', toLeaving(needs, groups, place)),
    ...chain('arriving', [
      'jump isolation',
      'ct state established,related accept',
      'ct status dnat counter accept',
      'counter name refused_arriving drop',
    ]),
    ...chain('asking', toAsking(needs)),
    ...chain('allowed', toAllowed()),
    ...chain('denied', toDenied()),
    ...chain('resolver', []),
    ...chain('publish', needs.listen === 'any port' ? anyPort(place) : toPublish(needs, place)),
    ...chain('publish_here', toHere(needs, place)),
  ]
  return table(place.link, lines)
}

/** A table of its own, made anew. */
export function table(name: string, lines: readonly string[]): string {
  const head = [`table inet ${name}`, `delete table inet ${name}`, `table inet ${name} {`]
  return [...head, ...lines.map(line => `  ${line}`), '}', ''].join('\n')
}

export function chain(name: string, rules: readonly string[]): string[] {
  return [`chain ${name} {`, ...rules.map(rule => `  ${rule}`), '}']
}

/** Where packets come by; each chain is left at once by what is not of this package. */
function toHooks({ link, ipv4, ipv6 }: Place): string[] {
  return [
    ...chain('forward', [
      'type filter hook forward priority filter; policy accept;',
      `iifname "${link}" goto leaving`,
      `oifname "${link}" goto arriving`,
    ]),
    ...chain('input', [
      'type filter hook input priority filter; policy accept;',
      `iifname "${link}" goto asking`,
    ]),
    ...chain('prerouting', [
      'type nat hook prerouting priority dstnat; policy accept;',
      `iifname "${link}" ip daddr ${gateway} jump resolver`,
      `iifname != "${link}" fib daddr type local meta l4proto . th dport != @taken jump publish`,
    ]),
    ...chain('output', [
      'type nat hook output priority -100; policy accept;',
      // From ::1 there is no way to another interface.
      'ip6 daddr ::1 accept',
      'fib daddr type local meta l4proto . th dport != @taken jump publish_here',
    ]),
    ...chain('postrouting', [
      'type nat hook postrouting priority srcnat; policy accept;',
      // Another package sees who asks; nobody else does.
      `ip saddr ${ipv4} oifname != "${everyLink}" masquerade`,
      `ip6 saddr ${ipv6} oifname != "${everyLink}" masquerade`,
      `oifname "${link}" ip saddr 127.0.0.0/8 masquerade`,
    ]),
  ]
}

/** What a package sends through the device, to others. */
function toLeaving(needs: NetworkNeeds, groups: readonly FlowGroup[], place: Place): string[] {
  return [
    'jump isolation',
    ...ownAddressOnly(place),
    `meta l4proto != tcp ${over(limits.packets)} counter name excess drop`,
    'ct state established,related counter name carried accept',
    'ct state invalid drop',
    ...toLan(needs),
    ...groups.flatMap(toGroup),
    ...(needs.outbound === 'anywhere' ? anywhere : []),
    'goto denied',
  ]
}

function ownAddressOnly({ ipv4, ipv6 }: Place): string[] {
  return [
    `ip saddr != ${ipv4} counter name forged drop`,
    `ip6 saddr != ${ipv6} counter name forged drop`,
  ]
}

function toGroup({ name, protocol, ports, names, networks }: FlowGroup): string[] {
  const to = (set: string, keyword: string) =>
    `${protocol} dport ${toPorts(ports)} ${keyword} daddr @${set} counter goto allowed`
  const has = (family: Network['family']) => networks.some(network => network.family === family)
  return [
    ...(names.length > 0
      ? [to(nameSet(name, 'ipv4'), 'ip'), to(nameSet(name, 'ipv6'), 'ip6')]
      : []),
    ...(has('ipv4') ? [to(networkSet(name, 'ipv4'), 'ip')] : []),
    ...(has('ipv6') ? [to(networkSet(name, 'ipv6'), 'ip6')] : []),
  ]
}

/** What was meant before a published port led it to another package, is what counts. */
function toLan({ lan }: NetworkNeeds): string[] {
  return lan.flatMap(({ protocol, ports }) =>
    ['ip daddr @local_ipv4', 'ip6 daddr @local_ipv6'].map(
      match =>
        `meta l4proto ${protocol} ct original proto-dst ${toPorts(ports)} ct original ${match} counter goto allowed`,
    ),
  )
}

/**
 * Anywhere but the networks that the device is in, other packages and groups of receivers: those are asked
 * for by other names. Questions about names go nowhere.
 */
const anywhere = [
  'ip daddr @local_ipv4 goto denied',
  'ip6 daddr @local_ipv6 goto denied',
  'meta l4proto { tcp, udp } th dport { 53, 853 } goto denied',
  'ip daddr { 169.254.0.0/16, 198.18.0.0/15, 224.0.0.0/3 } goto denied',
  'ip6 daddr { fd5f:1ee7:5afe::/48, fe80::/10, ff00::/8 } goto denied',
  'counter goto allowed',
]

/** What a package sends to the device itself. */
function toAsking(needs: NetworkNeeds): string[] {
  const resolves = needs.names.length > 0
  return [
    // Answers to whom the device itself asked: its health, its people.
    'ct state established,related ct direction reply accept',
    'jump isolation',
    ...(resolves
      ? [
          `meta l4proto udp ct status dnat ct original proto-dst 53 ${over(limits.questions)} counter name excess drop`,
          ...['tcp', 'udp'].map(
            protocol =>
              `meta l4proto ${protocol} ct status dnat ct original proto-dst 53 counter name questions accept`,
          ),
        ]
      : []),
    ...(needs.discovery.length > 0 ? [discoveryAsking] : []),
    'ct state established,related accept',
    'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
    ...toLan(needs),
    // What its kernel says to its own link is no attempt at anything.
    'icmpv6 type { nd-router-solicit, mld-listener-report, mld2-listener-report } drop',
    'goto denied',
  ]
}

function toAllowed(): string[] {
  return [
    `${over(limits.connections)} counter name excess drop`,
    `ct count over ${limits.open} counter name excess drop`,
    'counter name opened accept',
  ]
}

function toDenied(): string[] {
  const add = (set: string, element: string) =>
    `meta l4proto { tcp, udp } add @${set} { ${element} counter }`
  return [
    'counter name denied',
    add('denied_port', 'meta l4proto . th dport'),
    `meta nfproto ipv4 ${add('denied_ipv4', 'ip daddr . meta l4proto . th dport')}`,
    `meta nfproto ipv6 ${add('denied_ipv6', 'ip6 daddr . meta l4proto . th dport')}`,
    `limit rate ${limits.refusals.perSecond}/second burst ${limits.refusals.burst} packets reject with icmpx type admin-prohibited`,
    'drop',
  ]
}

function toPublish({ listen }: NetworkNeeds, place: Place): string[] {
  if (listen === 'any port') return []
  return listen.flatMap(listener =>
    sourcesOf(listener).flatMap(from => toTarget(listener, from, place)),
  )
}

/**
 * The device itself reaches all that is published by its port. Where a release names none, its own loopback would
 * be led away from whatever begins to listen there later.
 */
function toHere({ listen }: NetworkNeeds, place: Place): string[] {
  if (listen === 'any port') return []
  return listen.flatMap(listener =>
    families.flatMap(family => toTarget(listener, { family, match: '' }, place)),
  )
}

interface From {
  readonly family: Network['family']
  readonly match: string
}

const families = ['ipv4', 'ipv6'] as const

function sourcesOf({ from }: Listener): From[] {
  if (from === 'device') return []
  if (from === 'anywhere') return families.map(family => ({ family, match: '' }))
  if (from === 'lan') {
    return [
      { family: 'ipv4', match: 'ip saddr @local_ipv4 ' },
      { family: 'ipv6', match: 'ip6 saddr @local_ipv6 ' },
    ]
  }
  return families.flatMap(family => {
    const networks = from.filter(network => network.family === family)
    if (networks.length === 0) return []
    const list = networks.map(toNetwork).join(', ')
    return [{ family, match: `${family === 'ipv4' ? 'ip' : 'ip6'} saddr { ${list} } ` }]
  })
}

function toTarget({ protocol, ports }: Listener, { family, match }: From, place: Place): string[] {
  const keyword = family === 'ipv4' ? 'ip' : 'ip6'
  const of = match === '' ? `meta nfproto ${family} ` : match
  return [`${of}${protocol} dport ${toPorts(ports)} counter dnat ${keyword} to ${place[family]}`]
}

/** A release from before ports were declared is reached from outside by each that the device does not use. */
function anyPort({ ipv4, ipv6 }: Place): string[] {
  return [
    `meta nfproto ipv4 meta l4proto { tcp, udp } counter dnat ip to ${ipv4}`,
    `meta nfproto ipv6 meta l4proto { tcp, udp } counter dnat ip6 to ${ipv6}`,
  ]
}

function over({
  perSecond,
  burst,
}: {
  readonly perSecond: number
  readonly burst: number
}): string {
  return `limit rate over ${perSecond}/second burst ${burst} packets`
}
