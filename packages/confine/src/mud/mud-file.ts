/** What a MUD file says, read: RFC 8520, without the detours of its access lists. */
export interface MudFile {
  readonly url: string
  readonly lastUpdate: Date
  /** For so many hours a copy of it may be gone by. RFC 8520 §3.5 */
  readonly cacheHours: number
  readonly isSupported: boolean
  readonly signature?: string
  /** What its maker says of the device, by the file’s own words: `systeminfo`, `mfg-name` … */
  readonly about: Readonly<Record<string, string>>
  readonly transparency?: MudTransparency
  /** What the device may send, in the order in which it is asked; what no rule names is dropped. */
  readonly fromDevice: readonly MudRule[]
  readonly toDevice: readonly MudRule[]
}

/** RFC 9472: where to read what the device consists of, and which flaws are known. */
export interface MudTransparency {
  readonly sboms: readonly { readonly version: string; readonly url?: string }[]
  readonly flaws: readonly string[]
}

export type MudFamily = 'ipv4' | 'ipv6' | 'ethernet'

export interface MudRule {
  readonly name: string
  readonly family: MudFamily
  /** Who is at the other end: all of these at once; none: anybody. */
  readonly peers: readonly MudPeer[]
  /** IP’s number of it; absent: any. */
  readonly protocol?: number
  readonly devicePorts?: PortRange
  readonly peerPorts?: PortRange
  /** Types and codes of ICMP; absent: any. */
  readonly icmp?: { readonly type?: number; readonly code?: number }
  readonly etherType?: number
  /** Who opens the connection, where it is TCP and said. */
  readonly initiator?: 'device' | 'peer'
  readonly action: 'accept' | 'drop' | 'reject'
}

/** Both ends belong to it; `isOutside`: all others are meant. */
export interface PortRange {
  readonly from: number
  readonly to: number
  readonly isOutside?: true
}

export type MudPeer =
  | { readonly kind: 'local-networks' | 'same-manufacturer' | 'my-controller' }
  | {
      readonly kind: 'host' | 'network' | 'manufacturer' | 'model' | 'controller' | 'mac'
      /** A host name, a prefix, a maker’s name, a model’s or a class’s URI, an address. */
      readonly of: string
    }

/** How a peer is named where the network has to know it: `controller urn:…`, `same-manufacturer`. */
export function peerKey(peer: MudPeer): string {
  return 'of' in peer ? `${peer.kind} ${peer.of}` : peer.kind
}

/** Something of a file that is not as the RFC has it, and what was made of it. `path` is a JSON pointer. */
export interface MudNote {
  readonly path: string
  readonly message: string
}

export interface MudReading {
  readonly file: MudFile
  readonly notes: readonly MudNote[]
}
