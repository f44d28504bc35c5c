import type { RemoteInfo, Socket } from 'node:dgram'
import type { Discovery } from '@steadfleet/confine'
import {
  type DiscoveryPorts,
  discoveryGroups,
  gateway,
  gateway6,
  type Place,
} from '@steadfleet/confine/firewall'
import { Bucket } from '../dns/bucket.ts'
import type { Lan } from './lan.ts'
import { type Family, lanLinks } from './lan-links.ts'
import { longestMessage, speeches } from './messages.ts'
import { closeQuietly, Outlet, openSocket } from './sockets.ts'

/** Of one package: how many ask at once by ports of their own, and how long each is listened for. */
const mostAskers = 16
const patienceMs = 10_000
/** Messages that a package is told, so that a loud neighbour costs it and the agent little. */
const told = { perSecond: 200, burst: 400 }

export interface FinderOptions {
  readonly place: Place
  readonly kinds: readonly Discovery[]
  readonly families: readonly Family[]
  readonly lan: Lan
  readonly monotonic: () => number
}

/**
 * Who passes on what one package asks the groups of its device's links, and what is answered: questions out,
 * answers in, nothing else. The package's firewall leads to it and away from it what has the address of a group.
 */
export class Finder implements Disposable {
  readonly ports: DiscoveryPorts[] = []
  /** While it is, nothing is passed on. */
  isQuiet = false
  readonly #of: FinderOptions
  readonly #bucket: Bucket
  readonly #sockets: Socket[] = []
  readonly #askers = new Map<string, Asker>()
  readonly #ends: (() => void)[] = []

  private constructor(options: FinderOptions) {
    this.#of = options
    this.#bucket = new Bucket(told, options.monotonic)
  }

  static async open(options: FinderOptions): Promise<Finder> {
    const finder = new Finder(options)
    try {
      await finder.#open()
      return finder
    } catch (error) {
      finder[Symbol.dispose]()
      throw error
    }
  }

  async #open(): Promise<void> {
    const { families, kinds, lan } = this.#of
    const tellers = new Map<Family, Socket>()
    for (const family of families) tellers.set(family, await this.#openFamily(family))
    for (const kind of kinds) {
      const tell = (family: Family, bytes: Uint8Array) =>
        this.#tell(tellers.get(family), family, kind, bytes)
      this.#ends.push(await lan.listen(kind, tell))
    }
  }

  /** At its package's link, where the firewall leads what the package asks. */
  async #openFamily(family: Family): Promise<Socket> {
    const { kinds, place } = this.#of
    const address = family === 'ipv4' ? gateway : `${gateway6}%${place.link}`
    const asked: Partial<Record<Discovery, number>> = {}
    for (const kind of kinds) {
      const socket = await openSocket(family, { address }, (bytes, from) =>
        this.#ask(kind, family, bytes, { socket, from }),
      )
      this.#sockets.push(socket)
      asked[kind] = socket.address().port
    }
    const teller = await openSocket(family, { address }, () => undefined)
    this.#sockets.push(teller)
    this.ports.push({ family, asked, heard: teller.address().port })
    return teller
  }

  /** What others told everybody. */
  #tell(teller: Socket | undefined, family: Family, kind: Discovery, bytes: Uint8Array): void {
    if (this.isQuiet || !this.#bucket.take()) return
    teller?.send(bytes, discoveryGroups[kind].port, this.#of.place[family], () => undefined)
  }

  #ask(kind: Discovery, family: Family, bytes: Uint8Array, asking: Asking): void {
    const { isQuestion } = speeches[kind]
    if (this.isQuiet || bytes.length > longestMessage || !isQuestion(bytes)) return
    // Who asks mDNS from its own port listens to what everybody is told.
    const isListening = kind === 'mdns' && asking.from.port === discoveryGroups.mdns.port
    if (isListening && this.#of.lan.send(kind, family, bytes)) return
    const outlets = lanLinks().flatMap(link => (link.family === family ? link.outlet : []))
    const { port, [family]: group } = discoveryGroups[kind]
    this.#askerFor(kind, family, asking).then(
      outlet => outlet.send(bytes, port, group, outlets),
      () => undefined, // No socket is left: the package asks again.
    )
  }

  /** A socket of its own for each port that the package asks from: what is answered there is told to that port. */
  #askerFor(kind: Discovery, family: Family, asking: Asking): Promise<Outlet> {
    const { address, port } = asking.from
    const key = `${kind} ${address} ${port}`
    const held = this.#askers.get(key)
    if (held === undefined && this.#askers.size >= mostAskers) this.#forget(this.#oldest)
    const outlet = held?.outlet ?? this.#openAsker(kind, family, asking)
    clearTimeout(held?.timer)
    const timer = setTimeout(() => this.#forget(key), patienceMs).unref()
    this.#askers.set(key, { outlet, timer })
    return outlet
  }

  async #openAsker(kind: Discovery, family: Family, { socket, from }: Asking): Promise<Outlet> {
    const tell = (bytes: Uint8Array, by: RemoteInfo) => {
      if (this.isQuiet || !this.#of.lan.isAnswer(kind, bytes, by) || !this.#bucket.take()) return
      socket.send(bytes, from.port, from.address, () => undefined)
    }
    return new Outlet(await openSocket(family, {}, tell), speeches[kind].hops)
  }

  get #oldest(): string {
    return this.#askers.keys().next().value ?? ''
  }

  #forget(key: string): void {
    const asker = this.#askers.get(key)
    clearTimeout(asker?.timer)
    this.#askers.delete(key)
    asker?.outlet.then(
      outlet => outlet.close(),
      () => undefined,
    )
  }

  [Symbol.dispose](): void {
    this.isQuiet = true
    for (const end of this.#ends) end()
    for (const key of [...this.#askers.keys()]) this.#forget(key)
    for (const socket of this.#sockets) closeQuietly(socket)
  }
}

interface Asking {
  /** By which it was asked, and by which it is answered. */
  readonly socket: Socket
  readonly from: RemoteInfo
}

interface Asker {
  readonly outlet: Promise<Outlet>
  readonly timer: NodeJS.Timeout
}
