import { answeredAddresses, parseDnsMessage } from '../dns/index.ts'
import { ConfineError } from '../error.ts'
import {
  type Flow,
  type Host,
  type LanFlow,
  type Listener,
  type Network,
  type NetworkNeeds,
  networksOverlap,
  parseAddress,
  type Transport,
} from '../network/index.ts'
import { framesIn } from './capture.ts'
import { type Frame, type Packet, readFrame, type Segment } from './frame.ts'

/** What a device was seen to do, as what it needs; and what of it is for a person to judge. */
export interface Learned {
  readonly needs: NetworkNeeds
  readonly frames: number
  readonly notes: readonly string[]
}

const most = { flows: 4096, names: 20_000, senders: 64 }

/**
 * What the device with a MAC address needs, by a capture of all that it said. What nobody answered is not
 * needed, and noted. Error: `confine/capture`.
 */
export function learnNeeds(bytes: Uint8Array, mac: string): Learned {
  const lesson = new Lesson(mac)
  const senders = new Set<string>()
  let frames = 0
  for (const each of framesIn(bytes)) {
    const frame = readFrame(each)
    if (!frame) continue
    if (senders.size < most.senders) senders.add(frame.from)
    if (frame.from !== mac && frame.to !== mac) continue
    frames += 1
    lesson.hear(frame)
  }
  if (frames > 0) return { ...lesson.learned(), frames }
  const others = [...senders].sort().slice(0, 8).join(', ') || 'nobody'
  throw new ConfineError('confine/capture', `cannot learn of ${mac}: it says nothing; ${others} do`)
}

interface Talk {
  readonly opener: 'device' | 'peer'
  readonly peer: string
  readonly protocol: Transport
  readonly port: number
  isAnswered: boolean
}

/** Ports that say what they are for, and what that means here. */
const usual: readonly {
  readonly ports: readonly number[]
  readonly is?: 'names' | 'mdns' | 'ssdp'
}[] = [
  { ports: [67, 68, 546, 547] },
  { ports: [53], is: 'names' },
  { ports: [5353], is: 'mdns' },
  { ports: [1900], is: 'ssdp' },
]

class Lesson {
  readonly #mac: string
  readonly #names = new Map<string, string>()
  readonly #talks = new Map<string, Talk>()
  /** Keys of talks by both their ends. */
  readonly #pairs = new Map<string, Talk>()
  readonly #uses = new Set<'names' | 'mdns' | 'ssdp'>()
  readonly #notes = new Set<string>()

  constructor(mac: string) {
    this.#mac = mac
  }

  hear({ from, packet }: Frame): void {
    const transport = packet?.transport
    if (!packet || !transport) return
    const isOut = from === this.#mac
    if (packet.protocol === 17 && transport.sourcePort === 53 && !isOut) this.#hearNames(transport)
    if (!this.#isUsual(packet, transport, isOut)) this.#hearTalk(packet, transport, isOut)
  }

  /** An answer of a resolver: these addresses were called so. */
  #hearNames({ payload }: Segment): void {
    try {
      const message = parseDnsMessage(payload)
      const name = message.questions[0]?.name
      if (!message.isAnswer || name === undefined || !/^[a-z0-9._-]+\.[a-z0-9-]+$/.test(name))
        return
      for (const address of answeredAddresses(message).addresses) {
        if (this.#names.size < most.names) this.#names.set(address, name)
      }
    } catch {
      // No message of DNS: whatever it was, it names nobody.
      return
    }
  }

  /** What every device does: addresses, names, being found; and what is sent to a group. */
  #isUsual({ destination }: Packet, segment: Segment, isOut: boolean): boolean {
    const { destinationPort } = segment
    const service = usual.find(({ ports }) =>
      ports.some(port => port === segment.sourcePort || port === destinationPort),
    )
    if (service) {
      if (isOut && service.is) this.#uses.add(service.is)
      return true
    }
    const isToGroup = isGroup(destination)
    if (isToGroup && isOut)
      this.#note(`it sends to the group ${destination} port ${destinationPort}: left out`)
    return isToGroup
  }

  #hearTalk({ source, destination, protocol }: Packet, segment: Segment, isOut: boolean): void {
    const layer: Transport = protocol === 6 ? 'tcp' : 'udp'
    const { sourcePort, destinationPort } = segment
    const [peer, own, far] = isOut
      ? [destination, sourcePort, destinationPort]
      : [source, destinationPort, sourcePort]
    const pair = `${layer} ${peer} ${own} ${far}`
    const known = this.#pairs.get(pair)
    if (known) {
      known.isAnswered ||= isOut === (known.opener === 'peer')
      return
    }
    // A connection of TCP whose beginning was not captured does not tell who began it.
    if (layer === 'tcp' && (!segment.isSyn || segment.isAck)) return
    const opener = isOut ? 'device' : 'peer'
    const port = isOut ? far : own
    const key = `${layer} ${opener} ${peer} ${port}`
    const talk = this.#talks.get(key) ?? { opener, peer, protocol: layer, port, isAnswered: false }
    this.#talks.set(key, talk)
    this.#pairs.set(pair, talk)
    this.#refuseMany()
  }

  #refuseMany(): void {
    if (this.#talks.size <= most.flows && this.#pairs.size <= most.flows * 64) return
    const message = `cannot learn from it: the device talks to more than ${most.flows} others, as one that scans`
    throw new ConfineError('confine/capture', message)
  }

  learned(): Omit<Learned, 'frames'> {
    const talks = [...this.#talks.values()]
    for (const { opener, peer, protocol, port } of talks.filter(({ isAnswered }) => !isAnswered)) {
      const words = opener === 'device' ? `it tried ${peer}` : `${peer} tried its`
      this.#note(`${words} ${protocol} ${port}, and nobody answered: left out`)
    }
    const answered = talks.filter(({ isAnswered }) => isAnswered)
    const out = answered.filter(({ opener }) => opener === 'device')
    const far = out.filter(({ peer }) => !isLocal(peer)).map(one => this.#flowOf(one))
    const near = out.filter(({ peer }) => isLocal(peer)).map(lanFlowOf)
    const listen = answered.filter(({ opener }) => opener === 'peer').map(listenerOf)
    const named = far.flatMap(({ host }) => (host.kind === 'name' ? [host.name] : []))
    const known = [...new Set(this.#names.values())].slice(0, 1000)
    const needs: NetworkNeeds = {
      outbound: distinct(far),
      listen: distinct(listen),
      lan: distinct(near),
      discovery: (['mdns', 'ssdp'] as const).filter(one => this.#uses.has(one)),
      names: this.#uses.has('names')
        ? [...new Set([...named, ...known])].sort()
        : [...new Set(named)].sort(),
    }
    return { needs, notes: [...this.#notes] }
  }

  #flowOf({ peer, port, protocol }: Talk): Flow {
    const name = this.#names.get(peer)
    if (name === undefined) this.#note(`${peer} ${protocol} ${port} has no name in the capture`)
    const host: Host = name === undefined ? hostOf(peer) : { kind: 'name', name }
    return { host, ports: { from: port, to: port }, protocol }
  }

  #note(text: string): void {
    if (this.#notes.size < 200) this.#notes.add(text)
  }
}

function lanFlowOf({ port, protocol }: Talk): LanFlow {
  return { ports: { from: port, to: port }, protocol }
}

function listenerOf({ peer, port, protocol }: Talk): Listener {
  return { ports: { from: port, to: port }, protocol, from: isLocal(peer) ? 'lan' : 'anywhere' }
}

function hostOf(address: string): Network {
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  return { kind: 'network', family, address, prefix: family === 'ipv4' ? 32 : 128 }
}

/** Networks that are never the Internet, and groups. RFC 6890 */
const local = (
  [
    ['ipv4', '10.0.0.0', 8],
    ['ipv4', '172.16.0.0', 12],
    ['ipv4', '192.168.0.0', 16],
    ['ipv4', '169.254.0.0', 16],
    ['ipv6', 'fc00::', 7],
    ['ipv6', 'fe80::', 10],
  ] as const
).map(([family, address, prefix]): Network => ({ kind: 'network', family, address, prefix }))
const groups: readonly Network[] = [
  { kind: 'network', family: 'ipv4', address: '224.0.0.0', prefix: 3 },
  { kind: 'network', family: 'ipv6', address: 'ff00::', prefix: 8 },
]

function isLocal(address: string): boolean {
  return isIn(local, address)
}

function isGroup(address: string): boolean {
  return isIn(groups, address) || parseAddress(address) === undefined
}

function isIn(networks: readonly Network[], address: string): boolean {
  const one = hostOf(address)
  return networks.some(network => networksOverlap(network, one))
}

function distinct<T>(values: readonly T[]): T[] {
  const byText = new Map(values.map(value => [JSON.stringify(value), value]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}
