import type { PackageName } from '@steadfleet/domain'

/** What is opened, in the words of the sandbox. Whatever is absent stays shut. */
export interface Effect {
  /** There is a network with a way out; what may go through it: `networkNeeds`. */
  readonly network?: true
  /** The app is in the device's own network, where its interfaces are. */
  readonly hostNetwork?: true
  /** Address families of socket(2) beyond AF_UNIX. */
  readonly families?: readonly AddressFamily[]
  /** Kinds of sockets beyond streams, datagrams and packets in sequence. */
  readonly socketTypes?: readonly SocketType[]
  /** Protocols of socket(2) beyond those of the Internet, by number: a family's own. */
  readonly protocols?: readonly number[]
  /** System calls beyond those of every app. */
  readonly syscalls?: readonly string[]
  /** Memory in pages that are not of the usual size. */
  readonly hugePages?: true
  readonly devices?: readonly DevicePattern[]
  readonly files?: readonly FileAccess[]
  readonly sockets?: readonly SocketAccess[]
  readonly bus?: BusAccess
  readonly exchange?: Exchange
  /** Where nothing else opens it; by the app's own uid, never as root. */
  readonly capabilities?: readonly Capability[]
  /** How much of each second may be spent under a real-time policy. */
  readonly realTimePercent?: number
  /** The app may ask the agent for it, by a file that it makes. */
  readonly asks?: 'shutdown'
  readonly environment?: Readonly<Record<string, string>>
}

export type AddressFamily = 'inet' | 'inet6' | 'netlink' | 'can' | 'bluetooth'
export type SocketType = 'raw'
export type Capability = 'sys_time' | 'sys_nice' | 'net_admin' | 'net_raw'

/** Device nodes, by a path in which `*` is any part of a name. Character devices, never disks. */
export interface DevicePattern {
  readonly path: string
  /** Read and write where nothing else is said. */
  readonly access?: 'read'
  /** Only nodes of these devices of the USB. */
  readonly usb?: readonly UsbDevice[]
}

/** Numbers in four hexadecimal digits, as sysfs writes them. */
export interface UsbDevice {
  readonly vendor: string
  readonly product?: string
}

/** A file or folder of the device, where it is, or at another place of the sandbox. */
export interface FileAccess {
  readonly path: string
  readonly at?: string
  readonly access: 'read' | 'write'
}

/** A socket of the device: the first that a pattern finds. */
export interface SocketAccess {
  readonly patterns: readonly string[]
  readonly at: string
}

/** Names on the system bus: to be called, and to be taken. */
export interface BusAccess {
  readonly talks: readonly string[]
  readonly owns: readonly string[]
}

/** What packages of one device give each other: folders, and folders in which a socket stands. */
export interface Exchange {
  readonly offers: readonly Offer[]
  readonly takes: readonly Taking[]
}

export interface Offer {
  readonly kind: 'content' | 'service'
  readonly name: string
  /** Those who may take it; absent: whoever is granted it. */
  readonly with?: readonly PackageName[]
  readonly access: 'read' | 'write'
}

export interface Taking {
  readonly kind: 'content' | 'service'
  readonly from: PackageName
  readonly name: string
  readonly access: 'read' | 'write'
}
