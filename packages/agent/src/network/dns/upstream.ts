import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { toDnsQuery } from '@steadfleet/confine/dns'
import { type AddressType, type Reply, readReply } from './message.ts'

/** Asks one resolver of the device. */
export interface Asking {
  readonly server: string
  readonly port: number
  readonly name: string
  readonly type: AddressType
  /** A number that nobody can foresee, from 0 to 65535. */
  readonly id: number
  readonly timeoutMs: number
}

/** By UDP from a port of its own, and by TCP where the answer was cut short. RFC 7766 §5 */
export async function askResolver(asking: Asking): Promise<Reply> {
  const reply = await askByUdp(asking)
  return reply.kind === 'cut short' ? askByTcp(asking) : reply
}

function askByUdp({ server, port, timeoutMs, ...question }: Asking): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>()
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4')
  const timer = setTimeout(() => resolve({ kind: 'unable' }), timeoutMs)
  socket.on('error', () => resolve({ kind: 'unable' }))
  // What is no answer to this question may be somebody's guess: the right one may still come.
  socket.on('message', bytes => {
    const reply = readReply(bytes, question)
    if (reply) resolve(reply)
  })
  socket.connect(port, server, () => {
    socket.send(toDnsQuery(question.id, question), error => error && resolve({ kind: 'unable' }))
  })
  return promise.finally(() => {
    clearTimeout(timer)
    socket.close()
  })
}

function askByTcp({ server, port, timeoutMs, ...question }: Asking): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>()
  const socket = connect({ host: server, port })
  const timer = setTimeout(() => resolve({ kind: 'unable' }), timeoutMs)
  const read = readFrames(bytes => resolve(readReply(bytes, question) ?? { kind: 'unable' }))
  socket.on('error', () => resolve({ kind: 'unable' }))
  socket.once('close', () => resolve({ kind: 'unable' }))
  socket.on('data', (bytes: Buffer) => read(bytes) || resolve({ kind: 'unable' }))
  socket.write(toFrame(toDnsQuery(question.id, question)))
  return promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}

/** A message as TCP carries it. RFC 1035 §4.2.2 */
export function toFrame(message: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(2 + message.length)
  frame.writeUInt16BE(message.length)
  frame.set(message, 2)
  return frame
}

/**
 * Gathers messages out of a stream, and gives each to `take`. False once one is longer than `longest`
 * bytes: the rest of the stream is not to be read.
 */
export function readFrames(
  take: (message: Uint8Array) => void,
  longest = 65_535,
): (bytes: Uint8Array) => boolean {
  let held = Buffer.alloc(0)
  return bytes => {
    held = Buffer.concat([held, bytes])
    while (held.length >= 2) {
      const length = held.readUInt16BE()
      if (length > longest) return false
      if (held.length < 2 + length) return true
      take(held.subarray(2, 2 + length))
      held = held.subarray(2 + length)
    }
    return true
  }
}
