import type { Discovery } from '../network/index.ts'
import { firewallLimits as limits } from './limits.ts'
import { gateway, gateway6, type Place } from './place.ts'

/** Where services are looked for on a link. RFC 6762 §3; UPnP Device Architecture 2.0 §1.2, annex A */
export const discoveryGroups = {
  mdns: { port: 5353, ipv4: '224.0.0.251', ipv6: 'ff02::fb' },
  ssdp: { port: 1900, ipv4: '239.255.255.250', ipv6: 'ff02::c' },
} as const satisfies Readonly<Record<Discovery, object>>

const families = ['ipv4', 'ipv6'] as const
type Family = (typeof families)[number]

/** Ports of the device at a package's link by which what it looks for gets out, and what is found gets in. */
export interface DiscoveryPorts {
  readonly family: Family
  /** Where each protocol's questions go, and where answers to the asker alone come from. */
  readonly asked: Readonly<Partial<Record<Discovery, number>>>
  /** Where comes from what others told everybody. */
  readonly heard: number
}

/** Sets and chains of a package that looks for services; {@link toDiscovery} fills them. */
export const discoverySets = ['set finding_ports { type inet_service; }']

/** Where its packets come by: before the kernel keeps track of them, and when all others have had their say. */
export function discoveryHooks({ link }: Place): readonly (readonly [string, string[]])[] {
  return [
    ['finding', []],
    ['found', []],
    ['find', ['type filter hook prerouting priority raw; policy accept;', at('iif', link)]],
    ['find_back', ['type filter hook postrouting priority 300; policy accept;', at('oif', link)]],
  ]
}

function at(side: 'iif' | 'oif', link: string): string {
  return `${side}name "${link}" jump ${side === 'iif' ? 'finding' : 'found'}`
}

/** To whoever is asked on the device's side, past its firewall: what came by {@link discoveryHooks}. */
export const discoveryAsking = 'ct state untracked udp dport @finding_ports counter accept'

/**
 * Leads questions to the groups to the agent, and its answers to the package as if they came from the group's
 * port, or had been sent to the group. Nobody keeps track: nothing answers from the address of a group.
 */
export function toDiscovery(place: Place, ports: readonly DiscoveryPorts[]): string[] {
  const { link } = place
  const all = ports.flatMap(({ asked, heard }) => [...Object.values(asked), heard])
  const rule = (chain: string) => (text: string) => `add rule inet ${link} ${chain} ${text}`
  return [
    ...['finding', 'found'].map(chain => `flush chain inet ${link} ${chain}`),
    `flush set inet ${link} finding_ports`,
    ...(all.length > 0 ? [`add element inet ${link} finding_ports { ${all.join(', ')} }`] : []),
    ...ports.flatMap(one => toAsked(place, one)).map(rule('finding')),
    ...ports.flatMap(one => toFound(one)).map(rule('found')),
  ]
}

const ends = {
  ipv4: { keyword: 'ip', device: gateway, from: ({ ipv4 }: Place) => ipv4 },
  ipv6: {
    keyword: 'ip6',
    device: gateway6,
    from: ({ ipv6 }: Place) => `{ ${ipv6}, fe80::/10 }`,
  },
} as const

function toAsked(place: Place, { family, asked }: DiscoveryPorts): string[] {
  const { keyword, device, from } = ends[family]
  const { perSecond, burst } = limits.finding
  return kindsIn(asked).flatMap(([kind, port]) => {
    const group = discoveryGroups[kind]
    const match = `${keyword} daddr ${group[family]} udp dport ${group.port} ${keyword} saddr ${from(place)}`
    return [
      `${match} limit rate over ${perSecond}/second burst ${burst} packets counter name excess drop`,
      `${match} notrack ${keyword} daddr set ${device} udp dport set ${port} accept`,
    ]
  })
}

function toFound({ family, asked, heard }: DiscoveryPorts): string[] {
  const { keyword, device } = ends[family]
  const mine = (port: number) => `${keyword} saddr ${device} udp sport ${port}`
  return kindsIn(asked).flatMap(([kind, port]) => {
    const group = discoveryGroups[kind]
    const everybody = `${mine(heard)} udp dport ${group.port}`
    return [
      `${mine(port)} udp sport set ${group.port} counter accept`,
      `${everybody} ${keyword} daddr set ${group[family]} udp sport set ${group.port} counter accept`,
    ]
  })
}

function kindsIn(asked: DiscoveryPorts['asked']): [Discovery, number][] {
  return (Object.keys(asked) as Discovery[]).sort().flatMap(kind => {
    const port = asked[kind]
    return port === undefined ? [] : [[kind, port]]
  })
}
