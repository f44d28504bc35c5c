import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import { isCoded } from '@steadfleet/base'
import type { Transport, TransportReply, TransportRequest } from '@steadfleet/protocol'
import { AgentError } from '../error.ts'
import { type Pace, paceCheck } from './pace.ts'
import { connectPinned } from './pinned.ts'

/** How long a silent server is believed in. A stream may be silent for longer than an answer. */
export interface Patience {
  /** Until the head of the reply. */
  readonly headMs: number
  /** Between two pieces of its body. */
  readonly idleMs: number
  /** The same for a stream of events, which the server keeps warm. */
  readonly streamMs: number
  /** How fast any other body must come. */
  readonly pace: Pace
}

export const defaultPatience: Patience = {
  headMs: 30_000,
  idleMs: 30_000,
  streamMs: 90_000,
  pace: { bytes: 32 * 1024, windowMs: 30_000, monotonic: () => performance.now() },
}

/** By which keys (digests of SPKI) servers are known; none where authorities say who they are. */
export interface Pinning {
  pin(origin: string, keys: () => readonly string[]): void
}

/** Node's own HTTP client: small in memory, and it never waits for ever. */
export function makeTransport(
  patience: Patience = defaultPatience,
): Transport & Closable & Pinning {
  const agents = new Map<string, http.Agent>()
  const pins = new Map<string, () => readonly string[]>()
  const agentFor = ({ protocol, origin }: URL): http.Agent => {
    const module = moduleFor(protocol)
    const keys = pins.get(origin)?.() ?? []
    // A connection that was made under other keys is not gone on with.
    const name = keys.length === 0 ? protocol : `${origin} ${keys.join()}`
    const agent = agents.get(name) ?? new module.Agent({ keepAlive: true, maxSockets: 8 })
    if (keys.length > 0) agent.createConnection = connectPinned(keys)
    agents.set(name, agent)
    return agent
  }
  const transport: Transport = async request => {
    const url = new URL(request.url)
    const reply = await send(moduleFor(url.protocol), agentFor(url), request, patience)
    return toReply(reply, request, patience)
  }
  const close = () => {
    for (const agent of agents.values()) agent.destroy()
  }
  const pin: Pinning['pin'] = (origin, keys) => {
    if (origin.startsWith('https:')) pins.set(origin, keys)
  }
  return Object.assign(transport, { close, pin })
}

export interface Closable {
  close(): void
}

/** TLS costs memory that a device on a plain link need not spend, so it is loaded when needed. */
function moduleFor(protocol: string): typeof http {
  if (protocol === 'http:') return http
  return process.getBuiltinModule('node:https') as unknown as typeof http
}

function isStream({ headers }: TransportRequest): boolean {
  return headers.accept === 'text/event-stream'
}

function send(
  module: typeof http,
  agent: http.Agent,
  request: TransportRequest,
  patience: Patience,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { method, headers, signal } = request
  const options = { method, headers, agent, ...(signal && { signal }) }
  const outgoing = module.request(request.url, options)
  const timer = setTimeout(() => outgoing.destroy(silence(patience.headMs)), patience.headMs)
  outgoing.on('response', reply => {
    clearTimeout(timer)
    resolve(reply)
  })
  outgoing.on('error', error => {
    clearTimeout(timer)
    reject(reasonOf(error, request, outgoing))
  })
  outgoing.end(request.body)
  return promise
}

function reasonOf(error: Error, request: TransportRequest, outgoing: ClientRequest): unknown {
  if (request.signal?.aborted) return request.signal.reason
  if (error instanceof AgentError) return error
  const message = `cannot reach ${outgoing.host}: ${error.message}`
  return new AgentError('agent/unreachable', message, {}, { cause: error })
}

function silence(milliseconds: number): AgentError {
  const message = `cannot go on: the server was silent for ${milliseconds} ms`
  return new AgentError('agent/unreachable', message, { milliseconds })
}

function toReply(
  reply: IncomingMessage,
  request: TransportRequest,
  patience: Patience,
): TransportReply {
  const headers = Object.fromEntries(
    Object.entries(reply.headers).map(([name, value]) => [name, String(value)]),
  )
  return { status: reply.statusCode ?? 0, headers, body: bodyOf(reply, request, patience) }
}

/** The body as it comes. A peer that is gone without a word is found out by its silence. */
async function* bodyOf(
  reply: IncomingMessage,
  request: TransportRequest,
  { streamMs, idleMs: bodyMs, pace }: Patience,
): AsyncIterable<Uint8Array> {
  const { signal } = request
  const idleMs = isStream(request) ? streamMs : bodyMs
  const check = isStream(request) ? () => undefined : paceCheck(pace)
  reply.setTimeout(idleMs, () => reply.destroy(silence(idleMs)))
  try {
    for await (const chunk of reply as AsyncIterable<Uint8Array>) {
      check(chunk.length)
      yield chunk
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (isCoded(error)) throw error
    throw new AgentError(
      'agent/cut-short',
      'cannot go on: the reply was cut short',
      {},
      { cause: error },
    )
  }
}
