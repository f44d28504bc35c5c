import { type GatewayDevice, type GatewayPlan, wordOf } from './gateway-plan.ts'
import { Gateway } from './gateway-sets.ts'
import { families, toRuleLines } from './lines.ts'
import type { MudNote, MudRule } from './mud-file.ts'

/** The table of nftables, of family `inet` and, for frames, of family `bridge`. */
export const gatewayTable = 'steadfleet_gateway'

export interface CompiledGateway {
  /** For `nft -f`: both tables, made anew; loaded whole or not at all. */
  readonly script: string
  /** By host name, the sets of its addresses. */
  readonly hosts: ReadonlyMap<string, { readonly ipv4: string; readonly ipv6: string }>
  /** By MAC address, the number that stands for a device in `owner4` and `owner6`. */
  readonly marks: ReadonlyMap<string, string>
  readonly notes: readonly MudNote[]
}

/**
 * Compiles the rules of a whole gateway: each device may do what its file says and nothing else. The same
 * plan makes the same bytes. What a file says reaches the script as a number, an address, a digest or a
 * checked name, or in no way.
 */
export function compileGateway(plan: GatewayPlan): CompiledGateway {
  const gateway = new Gateway(plan)
  const notes: MudNote[] = []
  const chains = plan.devices.flatMap(device => deviceChains(gateway, device, notes))
  const inet = [
    ...gateway.declarations(),
    ...chain(['arrival', arrival]),
    ...chain(['presence', presence(plan)]),
    ...chain(['welcome', welcome]),
    ...chains,
    ...baseChains(plan).flatMap(chain),
  ]
  const frames = plan.isBridge ? frameRules(plan) : []
  const script = [...table('inet', inet), ...table('bridge', frames), ''].join('\n')
  return { script, hosts: gateway.hosts, marks: gateway.marks, notes }
}

function table(family: string, lines: readonly string[]): string[] {
  const name = `table ${family} ${gatewayTable}`
  const made = lines.length === 0 ? [] : [`${name} {`, ...lines.map(line => `  ${line}`), '}']
  return [name, `delete ${name}`, ...made]
}

type Chain = readonly [name: string, lines: readonly string[]]

function chain([name, lines]: Chain): string[] {
  return [`chain ${name} {`, ...lines.map(line => `  ${line}`), '}']
}

function deviceChains(gateway: Gateway, device: GatewayDevice, notes: MudNote[]): string[] {
  const word = wordOf(device.mac)
  const rules = (direction: 'from' | 'to', all: readonly MudRule[] = []) =>
    device.isQuarantined
      ? []
      : all.flatMap(rule => toRuleLines(rule, direction, gateway.matchFor(device), notes))
  const from = rules('from', device.file?.fromDevice)
  const to = rules('to', device.file?.toDevice)
  const basics = (name: string) => (device.isQuarantined ? [] : [`jump ${name}`])
  const owned = ownership(gateway.markOf(device.mac), word)
  return [
    ...chain([
      `from_${word}`,
      [...basics('arrival'), ...owned, ...basics('presence'), ...from, ...denied('out', word)],
    ]),
    ...chain([`to_${word}`, [...basics('welcome'), ...to, ...denied('in', word)]]),
  ]
}

/** Whoever first uses a free address of the local network has it, until it is silent for an hour. */
function ownership(mark: string, word: string): string[] {
  const each = Object.values(families)
  const spoof = `counter name spoof_${word} drop`
  return [
    ...each.map(({ keyword, suffix }) => `${keyword} saddr != @local${suffix} ${spoof}`),
    ...each.map(
      ({ keyword, suffix }) => `add @owner${suffix} { ${keyword} saddr timeout 1h : ${mark} }`,
    ),
    ...each.map(({ keyword, suffix }) => `meta mark set ${keyword} saddr map @owner${suffix}`),
    `meta mark != ${mark} ${spoof}`,
    ...each.map(
      ({ keyword, suffix }) => `update @owner${suffix} { ${keyword} saddr timeout 1h : ${mark} }`,
    ),
  ]
}

/** What no rule allowed is counted by whom it was for, and dropped. */
function denied(way: 'out' | 'in', word: string): string[] {
  const side = way === 'out' ? 'daddr' : 'saddr'
  const seen = Object.values(families).flatMap(({ keyword, suffix }) => {
    const set = `@${way}${suffix}_${word}`
    return [
      `meta l4proto { tcp, udp } update ${set} { ${keyword} ${side} . meta l4proto . th dport }`,
      `meta l4proto != { tcp, udp } update ${set} { ${keyword} ${side} . meta l4proto . 0 }`,
    ]
  })
  return [...seen, `counter name ${way}_${word} drop`]
}

/** Without these no device has an address, or finds another: DHCP and neighbours. */
const arrival = [
  'udp sport 68 udp dport 67 ip daddr @dhcp4 accept',
  'udp sport 546 udp dport 547 ip6 daddr @dhcp6 accept',
  'icmpv6 type { 133, 135, 136 } accept',
]

/** What whoever has an address may do in any network: join groups, tell of errors, ask the gateway for names. */
function presence({ answersNames }: GatewayPlan): string[] {
  const names = Object.values(families).flatMap(({ keyword, suffix }) =>
    ['udp', 'tcp'].map(layer => `${keyword} daddr @own${suffix} ${layer} dport 53 accept`),
  )
  return [
    'icmpv6 type { 130, 131, 132, 143 } accept',
    'ip protocol igmp accept',
    errors,
    ...(answersNames ? names : []),
  ]
}

const errors = 'ct state related meta l4proto { icmp, ipv6-icmp } accept'

/** What comes to any device: an address, neighbours and routers, errors. */
const welcome = [
  'udp sport 67 udp dport 68 accept',
  'udp sport 547 udp dport 546 accept',
  'icmpv6 type { 130, 134, 135, 136 } accept',
  errors,
]

/** Two for what is forwarded, since a packet between two devices has to please both; one for the gateway. */
function baseChains({ lan, others }: GatewayPlan): Chain[] {
  const hook = (name: string, order: number) =>
    `type filter hook ${name} priority ${order}; policy accept;`
  const unknown = others === 'drop' ? [`iifname "${lan}" counter drop`] : []
  const whose = Object.values(families).map(
    ({ keyword, suffix }) =>
      `meta mark set ${keyword} daddr map @owner${suffix} meta mark vmap @to_marks`,
  )
  return [
    ['from_devices', [hook('forward', -5), 'ether saddr vmap @from_macs', ...unknown]],
    ['to_devices', [hook('forward', -4), 'ether daddr vmap @to_macs', ...whose]],
    ['to_gateway', [hook('input', -5), 'ether saddr vmap @from_macs']],
  ]
}

/** Frames of devices: nothing but IP and what brings it there, from their own ports, in their own name. */
function frameRules({ devices, ownAddresses }: GatewayPlan): string[] {
  const macs = devices.map(({ mac }) => mac)
  if (macs.length === 0) return []
  const ports = devices.flatMap(({ mac, port }) =>
    port === undefined
      ? []
      : [
          `ether saddr ${mac} iifname != "${port}" counter drop`,
          `iifname "${port}" ether saddr != ${mac} counter drop`,
        ],
  )
  const own = ownAddresses.filter(isIpv4)
  const claims = own.length === 0 ? [] : [`arp saddr ip { ${own.join(', ')} } counter drop`]
  const fixed = devices.flatMap(({ mac, addresses }) =>
    addresses
      .filter(isIpv4)
      .map(address => `arp saddr ip ${address} ether saddr != ${mac} counter drop`),
  )
  return [
    `set macs { type ether_addr; elements = { ${macs.join(', ')} }; }`,
    ...chain([
      'frames',
      [
        'type filter hook prerouting priority -301; policy accept;',
        ...ports,
        ...fixed,
        'ether saddr @macs goto own_frames',
      ],
    ]),
    ...chain([
      'own_frames',
      ['ether type { ip, ip6, 0x888e } accept', 'ether type != arp counter drop', ...claims],
    ]),
  ]
}

function isIpv4(address: string): boolean {
  return !address.includes(':')
}
