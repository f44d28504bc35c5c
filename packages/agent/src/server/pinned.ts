import { createHash } from 'node:crypto'
import type { Agent } from 'node:http'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { AgentError } from '../error.ts'

/**
 * Connects by TLS to whoever has one of these keys, whatever its certificate says. Nothing is sent before the key
 * is known: the request gets its connection after that.
 */
export function connectPinned(keys: readonly string[]): Agent['createConnection'] {
  const { connect } = process.getBuiltinModule('node:tls')
  return (options, done) => {
    const socket = connect({
      ...(options as ConnectionOptions),
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    })
    const fail = (error: Error): void => done?.(error, socket)
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      const found = keyOf(socket)
      if (!keys.includes(found)) {
        socket.destroy(otherServer(found))
        return
      }
      socket.off('error', fail)
      done?.(null, socket)
    })
    return undefined
  }
}

function keyOf(socket: TLSSocket): string {
  const der = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
  return der ? `sha256:${createHash('sha256').update(der).digest('hex')}` : 'none'
}

function otherServer(found: string): AgentError {
  const message = `cannot speak with the server: its key is ${found}, which this device was not told of`
  return new AgentError('agent/other-server', message, { found })
}
