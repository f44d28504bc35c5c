import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { Family } from './lan-links.ts'

type Hear = (bytes: Uint8Array, from: RemoteInfo) => void

/** A socket of one family, bound; refuses as the kernel does. */
export async function openSocket(
  family: Family,
  at: { readonly address?: string; readonly port?: number; readonly reuseAddr?: boolean },
  hear: Hear,
): Promise<Socket> {
  const { reuseAddr = false, ...place } = at
  const socket = createSocket({
    type: family === 'ipv4' ? 'udp4' : 'udp6',
    reuseAddr,
    ipv6Only: family === 'ipv6',
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('error', reject).bind({ port: 0, exclusive: true, ...place }, resolve)
  try {
    await promise
  } catch (error) {
    socket.close()
    throw error
  }
  // A socket that fails later hears nothing more: who asks is told by his own time that nobody answers.
  socket.removeListener('error', reject).on('error', () => undefined)
  return socket.on('message', hear).unref()
}

/** One multicast socket: what it sends goes out by several links, one after the other. */
export class Outlet {
  readonly #socket: Socket
  #work: Promise<void> = Promise.resolve()

  constructor(socket: Socket, hops: number) {
    this.#socket = socket
    socket.setMulticastTTL(hops)
  }

  /** Sends to a group by each of these links; by one that is gone or down, nothing. */
  send(bytes: Uint8Array, port: number, group: string, outlets: readonly string[]): void {
    for (const outlet of outlets) {
      this.#work = this.#work.then(() => this.#sendBy(outlet, bytes, port, group))
    }
  }

  close(): void {
    this.#work = this.#work.then(() => closeQuietly(this.#socket))
  }

  #sendBy(outlet: string, bytes: Uint8Array, port: number, group: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    try {
      this.#socket.setMulticastInterface(outlet)
      const zone = outlet.startsWith('::') ? outlet.slice(2) : ''
      this.#socket.send(bytes, port, group + zone, () => resolve())
    } catch {
      resolve() // The link went while this was waiting.
    }
    return promise
  }
}

export function closeQuietly(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // It was closed already.
  }
}
