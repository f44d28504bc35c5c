import http from 'node:http'
import type { Transport, TransportRequest } from '@steadfleet/protocol'

/** So many connections carry the requests of all devices; each stream has one of its own. */
const mostSockets = 512

/** How long the head of a reply is waited for, in milliseconds. */
const patienceMs = 60_000

/** Carries the requests of many devices over few connections. */
export function makeSharedTransport(): Transport & { close(): void } {
  const pool = new http.Agent({ keepAlive: true, maxSockets: mostSockets })
  const transport: Transport = async request => {
    const reply = await send(request, isStream(request) ? false : pool)
    const headers = Object.entries(reply.headers).map(([name, value]) => [name, String(value)])
    return { status: reply.statusCode ?? 0, headers: Object.fromEntries(headers), body: reply }
  }
  return Object.assign(transport, { close: () => pool.destroy() })
}

function isStream({ headers }: TransportRequest): boolean {
  return headers.accept === 'text/event-stream'
}

function send(
  { method, url, headers, body, signal }: TransportRequest,
  agent: http.Agent | false,
): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>()
  const outgoing = http.request(url, { method, headers, agent, ...(signal && { signal }) })
  const timer = setTimeout(() => outgoing.destroy(new Error('no reply')), patienceMs)
  outgoing.on('response', reply => {
    clearTimeout(timer)
    resolve(reply)
  })
  outgoing.on('error', error => {
    clearTimeout(timer)
    reject(error)
  })
  outgoing.end(body)
  return promise
}
