import type { RemoteInfo } from 'node:dgram'
import { BlockList } from 'node:net'
import type { Discovery, Network } from '@steadfleet/confine'
import { discoveryGroups } from '@steadfleet/confine/firewall'
import { type Family, type LanLink, lanLinks } from './lan-links.ts'
import { longestMessage, speeches } from './messages.ts'
import { Outlet, openSocket } from './sockets.ts'

/** Who is told what was said to everybody. */
type Listener = (family: Family, bytes: Uint8Array) => void

/** What the device hears of the groups on its links, for as long as anybody listens. */
export class Lan {
  readonly #ears = new Map<Discovery, Ears>()
  readonly #networks: () => readonly Network[]
  #local = new BlockList()

  /** `networks` are those that the device is in, now. */
  constructor(networks: () => readonly Network[]) {
    this.#networks = networks
  }

  /** Tells `listener` of all that is heard, until the returned function is called. */
  async listen(kind: Discovery, listener: Listener): Promise<() => void> {
    const ears = this.#ears.get(kind) ?? new Ears(kind, address => this.#isLocal(address))
    this.#ears.set(kind, ears)
    ears.listeners.add(listener)
    this.#local = localNow(this.#networks())
    await ears.refresh()
    return () => {
      ears.listeners.delete(listener)
      if (ears.listeners.size > 0) return
      ears.close()
      this.#ears.delete(kind)
    }
  }

  /** Sends from the group's own port, so that all are answered; false where that port is not to be had. */
  send(kind: Discovery, family: Family, bytes: Uint8Array): boolean {
    return this.#ears.get(kind)?.send(family, bytes) ?? false
  }

  /** Whether an answer may be one: what it says, where it comes from. */
  isAnswer(kind: Discovery, bytes: Uint8Array, { address, port }: RemoteInfo): boolean {
    const { isAnswer, answersFromGroupPort } = speeches[kind]
    if (answersFromGroupPort && port !== discoveryGroups[kind].port) return false
    return bytes.length <= longestMessage && this.#isLocal(address) && isAnswer(bytes)
  }

  /** Looks at the device's links again. */
  async refresh(): Promise<void> {
    if (this.#ears.size === 0) return
    this.#local = localNow(this.#networks())
    await Promise.all([...this.#ears.values()].map(ears => ears.refresh()))
  }

  /** Whether it is of the device's own networks, or of one link alone. */
  #isLocal(address: string): boolean {
    const [plain = ''] = address.split('%')
    return this.#local.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4')
  }
}

interface Ear {
  readonly family: Family
  readonly outlets: readonly string[]
  readonly outlet: Outlet
}

/** One protocol: on IPv4 one socket for all links, on IPv6 one for each. */
class Ears {
  readonly listeners = new Set<Listener>()
  readonly #kind: Discovery
  readonly #isLocal: (address: string) => boolean
  #ears: readonly Ear[] = []
  #links = ''
  #isClosed = false
  #work: Promise<void> = Promise.resolve()

  constructor(kind: Discovery, isLocal: (address: string) => boolean) {
    this.#kind = kind
    this.#isLocal = isLocal
  }

  refresh(): Promise<void> {
    this.#work = this.#work.then(async () => {
      const links = lanLinks()
      const text = JSON.stringify(links)
      if (text === this.#links || this.#isClosed) return
      this.#links = text
      this.#shut()
      this.#ears = (await Promise.all(groupsOf(links).map(one => this.#open(one)))).flat()
      if (this.#isClosed) this.#shut()
    })
    return this.#work
  }

  send(family: Family, bytes: Uint8Array): boolean {
    const { port, [family]: group } = discoveryGroups[this.#kind]
    const ears = this.#ears.filter(ear => ear.family === family)
    for (const { outlet, outlets } of ears) outlet.send(bytes, port, group, outlets)
    return ears.length > 0
  }

  close(): void {
    this.#isClosed = true
    this.#shut()
  }

  #shut(): void {
    for (const { outlet } of this.#ears) outlet.close()
    this.#ears = []
  }

  /**
   * Bound to the group, and not to every address: what is sent to the device alone is for its own programs that
   * have the same port. Where one of them has it for itself, nothing is heard.
   */
  async #open({ family, links }: LinkGroup): Promise<Ear[]> {
    const { port, [family]: group } = discoveryGroups[this.#kind]
    const zone = family === 'ipv6' ? `%${links[0]?.name ?? ''}` : ''
    try {
      const at = { address: group + zone, port, reuseAddr: true, exclusive: false }
      const socket = await openSocket(family, at, (bytes, from) => this.#hear(family, bytes, from))
      const outlets = links.map(({ outlet }) => outlet).filter(one => isJoined(socket, group, one))
      return [{ family, outlets, outlet: new Outlet(socket, speeches[this.#kind].hops) }]
    } catch {
      return [] // Questions go out by ports of their own, and are answered there.
    }
  }

  #hear(family: Family, bytes: Uint8Array, { address }: RemoteInfo): void {
    const isOne = bytes.length <= longestMessage && speeches[this.#kind].isAnswer(bytes)
    if (!isOne || !this.#isLocal(address)) return
    for (const listener of this.listeners) listener(family, bytes)
  }
}

interface LinkGroup {
  readonly family: Family
  readonly links: readonly LanLink[]
}

function groupsOf(links: readonly LanLink[]): LinkGroup[] {
  const four = links.filter(({ family }) => family === 'ipv4')
  const six = links.filter(({ family }) => family === 'ipv6')
  return [
    ...(four.length > 0 ? [{ family: 'ipv4' as const, links: four }] : []),
    ...six.map(link => ({ family: 'ipv6' as const, links: [link] })),
  ]
}

/** A link that takes no groups, or is down, is none. */
function isJoined(
  socket: { addMembership(group: string, outlet: string): void },
  group: string,
  outlet: string,
): boolean {
  try {
    socket.addMembership(group, outlet)
    return true
  } catch {
    return false
  }
}

function localNow(networks: readonly Network[]): BlockList {
  const list = new BlockList()
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family)
  list.addSubnet('fe80::', 10, 'ipv6')
  list.addSubnet('169.254.0.0', 16, 'ipv4')
  return list
}
