import type { Network } from '../network/index.ts'
import { type FlowGroup, nameSet, networkSet } from './groups.ts'
import { firewallLimits as limits } from './limits.ts'

const families = ['ipv4', 'ipv6'] as const
type Family = (typeof families)[number]
const addressTypes: Readonly<Record<Family, string>> = { ipv4: 'ipv4_addr', ipv6: 'ipv6_addr' }

/** Counters of what has no set. */
const counters = [
  'carried',
  'opened',
  'denied',
  'excess',
  'forged',
  'questions',
  'refused_arriving',
] as const

/** Every set and counter of a package's table. */
export function toSets(groups: readonly FlowGroup[]): string[] {
  const { deniedEach, deniedWindowSeconds } = limits
  const counted = `flags dynamic, timeout; timeout ${deniedWindowSeconds}s; size ${deniedEach};`
  return [
    ...counters.map(name => `counter ${name} { }`),
    'set taken { type inet_proto . inet_service; }',
    `set denied_port { type inet_proto . inet_service; ${counted} }`,
    ...families.flatMap(family => [
      `set local_${family} { type ${addressTypes[family]}; flags interval; auto-merge; }`,
      `set denied_${family} { type ${addressTypes[family]} . inet_proto . inet_service; ${counted} }`,
    ]),
    ...groups.flatMap(group => families.flatMap(family => setsOf(group, family))),
  ]
}

function setsOf({ name, names, networks }: FlowGroup, family: Family): string[] {
  const type = addressTypes[family]
  const own = networks.filter(network => network.family === family)
  return [
    ...(names.length > 0
      ? [
          `set ${nameSet(name, family)} { type ${type}; flags timeout; size ${limits.addressesEach}; }`,
        ]
      : []),
    ...(own.length > 0
      ? [
          `set ${networkSet(name, family)} { type ${type}; flags interval; auto-merge; elements = { ${own.map(toNetwork).join(', ')} }; }`,
        ]
      : []),
  ]
}

/** As nftables writes networks. */
export function toNetwork({ address, prefix }: Pick<Network, 'address' | 'prefix'>): string {
  return `${address}/${prefix}`
}
