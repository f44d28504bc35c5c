import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** What a proxy adds: a request with one of these comes from somewhere else, whatever its last hop. */
const forwarding = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const

/**
 * Whether a request comes from this machine itself: over the loopback, under a name of the loopback, and
 * through no proxy. The name keeps out pages whose name was bent to point here.
 */
export function isOfThisMachine({ socket, headers }: Asked): boolean {
  return (
    isLoopback(socket.remoteAddress ?? '') &&
    isLoopbackName(headers.host ?? '') &&
    forwarding.every(name => headers[name] === undefined)
  )
}

type Asked = Pick<FastifyRequest, 'headers'> & {
  readonly socket: { remoteAddress?: string | undefined }
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

function isLoopbackName(host: string): boolean {
  const name = host.replace(/:[0-9]{1,5}$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isLoopback(name)
}
