import type { AddressFamilyName } from '../network/address.ts'
import {
  type Flow,
  type Network,
  type Ports,
  parseAddress,
  type Transport,
} from '../network/index.ts'

/** Flows of one protocol to the same ports: one rule and its sets, however many the hosts. */
export interface FlowGroup {
  /** `tcp_443`, `udp_8000_8010`: names of sets begin with it. */
  readonly name: string
  readonly protocol: Transport
  readonly ports: Ports
  /** Names whose addresses come and go by the answers of the resolver. */
  readonly names: readonly string[]
  readonly networks: readonly Network[]
}

/** Groups in the order of their names; in each, names and networks in theirs. */
export function groupFlows(flows: readonly Flow[]): FlowGroup[] {
  const groups = Map.groupBy(flows, groupName)
  return [...groups.keys()].sort().flatMap(name => {
    const [first, ...others] = groups.get(name) ?? []
    return first ? [groupOf(name, first, [first, ...others])] : []
  })
}

function groupOf(name: string, { protocol, ports }: Flow, flows: readonly Flow[]): FlowGroup {
  const names = flows.flatMap(({ host }) => (host.kind === 'name' ? [host.name] : []))
  const networks = flows.flatMap(({ host }) => (host.kind === 'network' ? [host] : []))
  return { name, protocol, ports, names: [...new Set(names)].sort(), networks: sorted(networks) }
}

export function groupName({ protocol, ports }: Pick<Flow, 'protocol' | 'ports'>): string {
  const { from, to } = ports
  return from === to ? `${protocol}_${from}` : `${protocol}_${from}_${to}`
}

/** The set of a group that holds addresses of names. */
export function nameSet(group: string, family: AddressFamilyName): string {
  return `${group}_names_${family}`
}

export function networkSet(group: string, family: AddressFamilyName): string {
  return `${group}_networks_${family}`
}

/** As nftables writes ports. */
export function toPorts({ from, to }: Ports): string {
  return from === to ? `${from}` : `${from}-${to}`
}

/** By their first address, the wider first; nothing twice. */
function sorted(networks: readonly Network[]): Network[] {
  const keyed = networks.map(network => ({ network, key: keyOf(network) }))
  const byKey = new Map(keyed.map(({ key, network }) => [key, network]))
  return [...byKey.keys()].sort().flatMap(key => byKey.get(key) ?? [])
}

function keyOf({ family, address, prefix }: Network): string {
  const value = parseAddress(address)?.value ?? 0n
  return `${family} ${value.toString(16).padStart(32, '0')} ${`${prefix}`.padStart(3, '0')}`
}
