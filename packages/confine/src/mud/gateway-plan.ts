import type { MudFile } from './mud-file.ts'

/** A gateway and the devices of its network: all that its rules depend on. */
export interface GatewayPlan {
  /** The network card of the local network, and whether it is a bridge. */
  readonly lan: string
  readonly isBridge: boolean
  readonly localNetworks: readonly string[]
  /** Addresses that are the gateway’s: no device may send from them. */
  readonly ownAddresses: readonly string[]
  /** Servers of DHCP beside the gateway. */
  readonly dhcpServers: readonly string[]
  /** Whether devices may ask the gateway for names. */
  readonly answersNames: boolean
  /** What becomes of devices that the plan does not name. */
  readonly others: 'pass' | 'drop'
  readonly devices: readonly GatewayDevice[]
  /** What sets hold that outlives their rules, by the name of the set. */
  readonly kept: ReadonlyMap<string, readonly KeptElement[]>
}

export interface GatewayDevice {
  /** Six octets in lower case, as `02:00:00:00:00:01`. */
  readonly mac: string
  /** Addresses that are always its own. */
  readonly addresses: readonly string[]
  /** The bridge’s port that it is at, and nobody else. */
  readonly port?: string
  readonly isQuarantined: boolean
  /** Absent: not had yet, and nothing is allowed. */
  readonly file?: MudFile
  /** Addresses of `my-controller` and of classes, by {@link peerKey}. */
  readonly controllers: ReadonlyMap<string, readonly string[]>
}

/** An element that is still valid for so long. */
export interface KeptElement {
  readonly element: string
  readonly seconds: number
}

/** Of a MAC address, what names of nftables may hold. */
export function wordOf(mac: string): string {
  return mac.replaceAll(':', '')
}
