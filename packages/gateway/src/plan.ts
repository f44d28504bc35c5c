import {
  isUnreachable,
  type Network,
  networksOverlap,
  parseAddress,
  toAddress,
} from '@steadfleet/confine'
import type { GatewayDevice, GatewayPlan, KeptElement, MudFile } from '@steadfleet/confine/mud'
import type { ConfiguredDevice, GatewayConfig } from './config.ts'
import { GatewayError } from './error.ts'
import type { Card, SetElement } from './kernel.ts'

/** What the rules are made of, beside the configuration. */
export interface PlanParts {
  readonly card: Card
  /** By MAC address. */
  readonly files: ReadonlyMap<string, MudFile>
  readonly quarantined: ReadonlySet<string>
  /** What the gateway’s sets hold now. */
  readonly sets: ReadonlyMap<string, readonly SetElement[]>
}

/** The classes that mean the gateway itself where nobody says otherwise; files in the wild have both. */
const ownClasses = ['urn:ietf:params:mud:dns', 'urn:ietf:params:mud:gateway']

export function planOf(config: GatewayConfig, parts: PlanParts): GatewayPlan {
  const { card, sets } = parts
  const ownAddresses = card.addresses.map(plainAddress)
  return {
    lan: config.lan,
    isBridge: card.isBridge,
    localNetworks: localNetworks(config, card),
    ownAddresses,
    dhcpServers: config['dhcp-servers'] ?? [],
    answersNames: config.resolver.listen !== undefined,
    others: config.others ?? 'pass',
    devices: config.devices.map(device => deviceOf(device, config, ownAddresses, parts)),
    kept: new Map([...sets].map(([name, elements]) => [name, keptOf(elements)])),
  }
}

function deviceOf(
  device: ConfiguredDevice,
  config: GatewayConfig,
  ownAddresses: readonly string[],
  { files, quarantined }: PlanParts,
): GatewayDevice {
  const { mac, addresses = [], port } = device
  const own = Object.fromEntries(ownClasses.map(name => [name, ownAddresses]))
  const said = { ...own, ...config.controllers, ...device.controllers }
  const controllers = Object.entries(said).map(
    ([name, all]) => [name === 'my-controller' ? name : `controller ${name}`, all] as const,
  )
  const file = files.get(mac)
  return {
    mac,
    addresses,
    ...(port !== undefined && { port }),
    isQuarantined: quarantined.has(mac),
    ...(file && { file }),
    controllers: new Map(controllers),
  }
}

/** What has a time to live is kept until it is over; all else is made of the plan. */
function keptOf(elements: readonly SetElement[]): KeptElement[] {
  return elements.flatMap(({ text, seconds }) =>
    seconds === undefined || seconds < 1 ? [] : [{ element: text, seconds }],
  )
}

/** The networks that were named, else those of the card; link-local ones always. */
export function localNetworks({ networks, lan }: GatewayConfig, card: Card): string[] {
  const all = [...(networks ?? card.networks), 'fe80::/10'].map(toNetwork)
  if (all.length < 2) {
    const message = `cannot tell what is local: ${lan} has no address, and no networks are configured`
    throw new GatewayError('gateway/config', message)
  }
  return [...new Set(all.map(({ address, prefix }) => `${address}/${prefix}`))]
}

/** Whether a name of the Internet may mean an address: one of this network would be another’s trick. */
export function meaningOf(
  local: readonly string[],
  own: readonly string[],
): (one: string) => boolean {
  const inside = [...local, ...own].map(toNetwork)
  return one => {
    if (isUnreachable(one)) return false
    const network = toNetwork(one)
    return !inside.some(other => networksOverlap(other, network))
  }
}

function toNetwork(text: string): Network {
  const [address = '', bits] = text.split('/')
  const parsed = parseAddress(plainAddress(address))
  if (!parsed) throw new GatewayError('gateway/config', `cannot read ${text}: it is no network`)
  const { family, value } = parsed
  const all = family === 'ipv4' ? 32 : 128
  const prefix = bits === undefined ? all : Number(bits)
  const rest = BigInt(all - prefix)
  const first = toAddress({ family, value: (value >> rest) << rest })
  return { kind: 'network', family, address: first, prefix }
}

function plainAddress(address: string): string {
  return address.replace(/%.*$/, '')
}
