import type { AddressFamilyName } from '../network/address.ts'
import type { Network } from '../network/index.ts'
import { type DiscoveryPorts, toDiscovery } from './discovery.ts'
import { chain, table } from './firewall.ts'
import { everyLink, gateway, type Place } from './place.ts'
import { toNetwork } from './sets.ts'

/** What a package's firewall must know of its device at the moment. */
export interface Surroundings {
  /** Ports at which the agent answers questions about names; absent while it does not. */
  readonly resolver?: { readonly udp: number; readonly tcp: number }
  /** Where the agent hears what the package looks for; absent where it may not look for anything. */
  readonly discovery?: readonly DiscoveryPorts[]
  /** Networks of the device's own links. */
  readonly local: readonly Network[]
  /** Ports on which the device itself listens: no package takes them over. */
  readonly taken: readonly { readonly protocol: 'tcp' | 'udp'; readonly port: number }[]
}

/** Fills in the device's surroundings, in place of those that stood there. */
export function toSurroundings(place: Place, surroundings: Surroundings): string {
  const { link } = place
  const { resolver, discovery, local, taken } = surroundings
  const fill = (set: string, elements: readonly string[]) => [
    `flush set inet ${link} ${set}`,
    ...(elements.length > 0 ? [`add element inet ${link} ${set} { ${elements.join(', ')} }`] : []),
  ]
  const of = (family: AddressFamilyName) =>
    local.filter(network => network.family === family).map(toNetwork)
  const lead = (protocol: 'tcp' | 'udp', port: number) =>
    `add rule inet ${link} resolver ${protocol} dport 53 dnat ip to ${gateway}:${port}`
  return toText([
    `flush chain inet ${link} resolver`,
    ...(resolver ? [lead('udp', resolver.udp), lead('tcp', resolver.tcp)] : []),
    ...(discovery ? toDiscovery(place, discovery) : []),
    ...fill('local_ipv4', of('ipv4')),
    ...fill('local_ipv6', of('ipv6')),
    ...fill(
      'taken',
      taken.map(({ protocol, port }) => `${protocol} . ${port}`),
    ),
  ])
}

/** Cuts a package off from everything, what is open too; or lets it go again. */
export function toIsolation({ link }: Place, isIsolated: boolean): string {
  return toText([
    `flush chain inet ${link} isolation`,
    ...(isIsolated ? [`add rule inet ${link} isolation counter drop`] : []),
  ])
}

/** An address that a name has for a time, in the set of each group that the name is in. */
export interface NamedAddress {
  readonly set: string
  readonly address: string
  readonly seconds: number
}

/** Lets a package reach addresses for a time; one that is there gets the new time. */
export function toAddresses({ link }: Place, addresses: readonly NamedAddress[]): string {
  return toText(
    addresses.flatMap(({ set, address, seconds }) => [
      // Deleting what may not be there fails, and adding what is there keeps its old time.
      `add element inet ${link} ${set} { ${address} }`,
      `delete element inet ${link} ${set} { ${address} }`,
      `add element inet ${link} ${set} { ${address} timeout ${seconds}s }`,
    ]),
  )
}

/** Takes a package's table away, whether or not it is there. */
export function toRemoval(name: string): string {
  return toText([`table inet ${name}`, `delete table inet ${name}`])
}

/**
 * Within the package's own namespace: what the device itself asks for reaches an app that listens on its own
 * loopback alone, as it would without a namespace.
 */
export function toInnerTable({ ipv4 }: Place): string {
  return table(
    'steadfleet',
    chain('prerouting', [
      'type nat hook prerouting priority dstnat; policy accept;',
      // What was found for the app comes as it was sent, to whatever address it listens at.
      'udp sport { 1900, 5353 } accept',
      `ip saddr ${gateway} ip daddr ${ipv4} meta l4proto { tcp, udp } dnat ip to 127.0.0.1`,
    ]),
  )
}

export const guardTable = 'steadfleet_guard'

/** Stops all forwarding but of packages, in the families in which the device forwarded nothing before. */
export function toGuard(families: readonly AddressFamilyName[]): string {
  return table(
    guardTable,
    chain('forward', [
      'type filter hook forward priority -10; policy accept;',
      `iifname "${everyLink}" accept`,
      `oifname "${everyLink}" accept`,
      ...families.map(family => `meta nfproto ${family} counter drop`),
    ]),
  )
}

function toText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}
