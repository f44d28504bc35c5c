import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { firewallLimits } from '@steadfleet/confine/firewall'
import { Bucket } from './bucket.ts'
import { readQuestion } from './message.ts'
import type { Resolver } from './resolver.ts'
import { readFrames, toFrame } from './upstream.ts'

const mostConnections = 8
const idleMs = 5000
/** By UDP; what is longer is asked for again by TCP. RFC 1035 §4.2.1 */
const plainBytes = 512
/** A question has one name of at most 255 bytes. */
const longestQuestion = 1024

/** Where one package asks for names: by UDP and TCP, at an address that its link alone leads to. */
export class NameService implements AsyncDisposable {
  readonly ports: { readonly udp: number; readonly tcp: number }
  readonly #udp: UdpSocket
  readonly #tcp: Server
  readonly #connections = new Set<Socket>()

  private constructor(udp: UdpSocket, tcp: Server, ports: NameService['ports']) {
    this.#udp = udp
    this.#tcp = tcp
    this.ports = ports
  }

  static async open(
    host: string,
    resolver: Resolver,
    monotonic: () => number,
  ): Promise<NameService> {
    const bucket = new Bucket(firewallLimits.questions, monotonic)
    const udp = createSocket('udp4')
    udp.bind({ address: host, port: 0, exclusive: true })
    await once(udp, 'listening')
    const tcp = createServer()
    tcp.maxConnections = mostConnections
    tcp.listen({ host, port: 0, exclusive: true })
    await once(tcp, 'listening')
    const at = tcp.address()
    const ports = { udp: udp.address().port, tcp: typeof at === 'object' ? (at?.port ?? 0) : 0 }
    const service = new NameService(udp, tcp, ports)
    service.#serve(resolver, bucket)
    return service
  }

  #serve(resolver: Resolver, bucket: Bucket): void {
    // A socket that fails answers nobody: what asks is told by its own time that there is no answer.
    this.#udp.on('error', () => undefined)
    this.#udp.on('message', (bytes, from) => {
      const question = bucket.take() ? readQuestion(bytes) : undefined
      if (question === undefined) return
      const reply = (answer: Uint8Array) => this.#udp.send(answer, from.port, from.address, ignore)
      resolver.answer(question, plainBytes).then(reply, ignore)
    })
    this.#tcp.on('error', () => undefined)
    this.#tcp.on('connection', socket => this.#attend(socket, resolver, bucket))
  }

  #attend(socket: Socket, resolver: Resolver, bucket: Bucket): void {
    this.#connections.add(socket)
    socket.once('close', () => this.#connections.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(idleMs, () => socket.destroy())
    const read = readFrames(bytes => {
      const question = bucket.take() ? readQuestion(bytes) : undefined
      if (question === undefined) return socket.destroy()
      const reply = (answer: Uint8Array) => socket.writable && socket.write(toFrame(answer))
      resolver.answer(question).then(reply, ignore)
      return undefined
    }, longestQuestion)
    socket.on('data', (bytes: Buffer) => {
      if (!read(bytes)) socket.destroy()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#connections) socket.destroy()
    this.#udp.close()
    this.#tcp.close()
    await once(this.#tcp, 'close')
  }
}

/** The asker is gone, or its network is: it asks again, or nobody does. */
function ignore(): boolean {
  return false
}
