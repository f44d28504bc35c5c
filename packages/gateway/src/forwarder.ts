import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import {
  answeredAddresses,
  type DnsQuestion,
  dnsCodes,
  parseDnsMessage,
  toDnsRefusal,
} from '@steadfleet/confine/dns'
import { type Answer, type Endpoint, framed, type Resolve, unframed } from './resolver.ts'

export interface ForwarderWorld {
  readonly resolve: Resolve
  /** Lets through what an answer says, before whoever asked can use it. */
  readonly learn: (name: string, answer: Answer) => Promise<void>
  /** Whether whoever is at an address may ask for a name. */
  readonly mayAsk: (address: string, name: string) => Promise<boolean>
  readonly mayMean: (address: string) => boolean
}

/** A resolver for the devices of the network: they hear an answer when the rules know it already. */
export interface Forwarder {
  close(): Promise<void>
}

const atOnce = 256

export async function openForwarder(
  listen: readonly Endpoint[],
  world: ForwarderWorld,
): Promise<Forwarder> {
  const desk = new Desk(world)
  const sockets = await Promise.all(listen.map(one => listenUdp(one, desk)))
  const servers = await Promise.all(listen.map(one => listenTcp(one, desk)))
  return {
    async close() {
      for (const one of sockets) one.close()
      await Promise.all(servers.map(one => new Promise(resolve => one.close(resolve))))
    },
  }
}

/** Answers questions, a bounded number at once. */
class Desk {
  readonly #world: ForwarderWorld
  #busy = 0

  constructor(world: ForwarderWorld) {
    this.#world = world
  }

  /** The bytes to answer with; none to what is no question, or where there are too many. */
  async answer(query: Uint8Array, from: string): Promise<Uint8Array | undefined> {
    const asked = questionIn(query)
    if (!asked || this.#busy >= atOnce) return undefined
    this.#busy += 1
    try {
      return await this.#answerTo(asked, query, from.replace(/^::ffff:|%.*$/g, ''))
    } catch {
      // Nobody answered: whoever asked is told so, and asks again.
      return toDnsRefusal(query, dnsCodes.failed)
    } finally {
      this.#busy -= 1
    }
  }

  async #answerTo(asked: DnsQuestion, query: Uint8Array, from: string): Promise<Uint8Array> {
    const { resolve, learn, mayAsk, mayMean } = this.#world
    if (!(await mayAsk(from, asked.name))) return toDnsRefusal(query, dnsCodes.refused)
    const answer = await resolve(asked)
    if (!answeredAddresses(answer.message).addresses.every(mayMean)) {
      return toDnsRefusal(query, dnsCodes.refused)
    }
    await learn(asked.name, answer)
    const bytes = Uint8Array.from(answer.bytes)
    bytes.set(query.subarray(0, 2))
    return bytes
  }
}

function questionIn(query: Uint8Array): DnsQuestion | undefined {
  try {
    const { isAnswer, questions } = parseDnsMessage(query)
    return isAnswer || questions.length !== 1 ? undefined : questions[0]
  } catch {
    // What is no message of DNS gets no answer at all.
    return undefined
  }
}

/** The most that a client without further agreement takes over UDP. RFC 1035 §4.2.1 */
const mostOverUdp = 512

function listenUdp({ address, port }: Endpoint, desk: Desk): Promise<UdpSocket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', async (query, from) => {
    const bytes = await desk.answer(new Uint8Array(query), from.address)
    if (!bytes) return
    const isLong = bytes.length > mostOverUdp
    const short = isLong ? truncated(bytes) : bytes
    socket.send(short, from.port, from.address, () => undefined)
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject).bind(port, address, () => {
      socket.off('error', reject).on('error', () => undefined)
      resolve(socket)
    })
  })
}

/** Says that the answer is longer than what fits: it is then asked for over TCP. */
function truncated(answer: Uint8Array): Uint8Array {
  const short = toDnsRefusal(answer, dnsCodes.done)
  short[2] = (short[2] ?? 0) | 0x02
  return short
}

function listenTcp({ address, port }: Endpoint, desk: Desk): Promise<Server> {
  const server = createServer(socket => serve(socket, desk))
  server.maxConnections = 64
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, address, () => {
      server.off('error', reject).on('error', () => undefined)
      resolve(server)
    })
  })
}

const mostMsOverTcp = 15_000

/** One question a connection, and so long for all of it: whoever has more asks again. */
function serve(socket: Socket, desk: Desk): void {
  let held = Buffer.alloc(0)
  const late = setTimeout(() => socket.destroy(), mostMsOverTcp)
  socket
    .setTimeout(5_000, () => socket.destroy())
    .on('close', () => clearTimeout(late))
    .on('error', () => socket.destroy())
    .on('data', async (part: Uint8Array) => {
      held = Buffer.concat([held, part])
      const query = unframed(held)
      if (!query && held.length < 4096) return
      socket.pause()
      const bytes = query && (await desk.answer(query, socket.remoteAddress ?? ''))
      if (bytes) socket.end(framed(bytes))
      else socket.destroy()
    })
}
