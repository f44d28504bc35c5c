import type { SettingValues } from '@steadfleet/domain'
import { ConfineError } from '../error.ts'
import { type Host, type Network, type Ports, parseHost, parsePorts } from './hosts.ts'
import { type AnyRequest, isNetworkRequest, type NetworkRequest } from './members.ts'

export type Transport = 'tcp' | 'udp'

/** Connections that a package makes. */
export interface Flow {
  readonly host: Host
  readonly ports: Ports
  readonly protocol: Transport
}

/** Connections that a package takes. */
export interface Listener {
  readonly ports: Ports
  readonly protocol: Transport
  readonly from: 'anywhere' | 'lan' | 'device' | readonly Network[]
}

/** Connections to any host of the device's own links. */
export type LanFlow = Pick<Flow, 'ports' | 'protocol'>

export type Discovery = 'mdns' | 'ssdp'

/** All that a package may say over networks: what its firewall and its MUD file are both made of. */
export interface NetworkNeeds {
  readonly outbound: 'anywhere' | readonly Flow[]
  /** `any port`: a release from before ports were declared. */
  readonly listen: 'any port' | readonly Listener[]
  readonly lan: readonly LanFlow[]
  readonly discovery: readonly Discovery[]
  /** The names that are answered: those it connects to, and those it only looks up. */
  readonly names: 'anything' | readonly string[]
}

/** No network at all. */
export const noNeeds: NetworkNeeds = { outbound: [], listen: [], lan: [], discovery: [], names: [] }

/**
 * What requests ask of the network, with everything in one order and nothing twice: the same requests, in
 * whatever order, give the same needs. `settings` are the values in force, for ports that are one of them.
 */
export function networkNeeds(
  requests: readonly AnyRequest[],
  settings: SettingValues = {},
): NetworkNeeds {
  const parts = requests.filter(isNetworkRequest).map(request => needsOf(request, settings))
  const needs: NetworkNeeds = Object.assign({}, noNeeds, ...parts)
  return { ...needs, names: namesOf(needs) }
}

/** Whether a package has any use for a network. */
export function hasNetwork({ outbound, listen, lan, discovery, names }: NetworkNeeds): boolean {
  return [outbound, listen, lan, discovery, names].some(part => part.length > 0)
}

function needsOf(request: NetworkRequest, settings: SettingValues): Partial<NetworkNeeds> {
  switch (request.interface) {
    case 'network':
      return { outbound: outboundOf(request.endpoints ?? 'anywhere') }
    case 'network-listen':
      return { listen: request.ports ? listenersOf(request.ports, settings) : 'any port' }
    case 'network-lan':
      return {
        lan: distinct((request.endpoints ?? []).map(toLanFlow)),
        discovery: [...(request.discovery ?? [])].sort(),
      }
    case 'dns':
      return { names: (request.names ?? []).map(nameOf) }
  }
}

type Requested<Name, Member extends string> = Extract<
  NetworkRequest,
  { readonly interface: Name } & { readonly [Key in Member]?: unknown }
>
type Endpoints = NonNullable<Requested<'network', 'endpoints'>['endpoints']>
type ListenPorts = NonNullable<Requested<'network-listen', 'ports'>['ports']>

function outboundOf(endpoints: Endpoints): NetworkNeeds['outbound'] {
  if (endpoints === 'anywhere') return endpoints
  return distinct(endpoints.map(one => ({ host: parseHost(one.host), ...toLanFlow(one) })))
}

function toLanFlow({
  port,
  protocol = 'tcp',
}: {
  port: number | string
  protocol?: Transport
}): LanFlow {
  return { ports: parsePorts(port), protocol }
}

function listenersOf(ports: ListenPorts, settings: SettingValues): Listener[] {
  return distinct(
    ports.map(({ port, protocol = 'tcp', from = 'anywhere' }) => ({
      ports: parsePorts(typeof port === 'object' ? settingNamed(settings, port.setting) : port),
      protocol,
      from: typeof from === 'string' ? from : from.map(networkOf),
    })),
  )
}

function settingNamed(settings: SettingValues, name: string): number {
  const value = settings[name]
  if (typeof value === 'number') return value
  const message = `cannot listen on the port of setting ${name}: it has no number`
  throw new ConfineError('confine/ports', message, { setting: name })
}

function networkOf(text: string): Network {
  const host = parseHost(text)
  if (host.kind === 'network') return host
  const message = `cannot allow connections from ${host.name}: a name says nothing of who connects`
  throw new ConfineError('confine/host', message, { host: host.name })
}

function nameOf(text: string): string {
  const host = parseHost(text)
  if (host.kind === 'name') return host.name
  throw new ConfineError('confine/host', `cannot look up ${text}: it is an address`, { host: text })
}

function namesOf({ outbound, names }: NetworkNeeds): NetworkNeeds['names'] {
  if (outbound === 'anywhere' || names === 'anything') return 'anything'
  const connected = outbound.flatMap(({ host }) => (host.kind === 'name' ? [host.name] : []))
  return [...new Set([...connected, ...names])].sort()
}

/** In the order of their texts, each once. */
function distinct<T>(values: readonly T[]): T[] {
  const byText = new Map(values.map(value => [JSON.stringify(value), value]))
  return [...byText.keys()].sort().map(text => byText.get(text) as T)
}
