import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A man in the middle: what stands between one device and the server, and may do as it likes. */
export interface Middleman {
  readonly origin: string
  /** Method and path of every request that came, oldest first. */
  readonly seen: readonly string[]
  /** What is done to a request, by its method and path; undefined: it is passed on as it is. */
  rule: Rule | undefined
  /** Waits until every exchange that is open now is over, but for streams. */
  calm(): Promise<void>
  /** Cuts every connection there is and lets no new one in, until `open` is called. */
  shut(): void
  open(): Promise<void>
  close(): Promise<void>
}

export type Rule = (asked: string) => Deed | undefined
/** Does with one exchange what it will. */
export type Deed = (exchange: Exchange) => void | Promise<void>

export interface Exchange {
  readonly reply: ServerResponse
  /** The server's reply, whole. */
  readonly fetch: () => Promise<Reply>
  /** Passes the exchange on as it is. */
  readonly pass: () => Promise<void>
}

export interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

/** Changes the body of a successful reply; its length is told as it then is. */
export function spoiled(spoil: (body: Buffer) => Buffer): Deed {
  return async ({ reply, fetch }) => {
    const { status, headers, body } = await fetch()
    send(reply, { status, headers, body: status < 300 ? spoil(body) : body })
  }
}

/** Answers 500 and asks nobody. */
export const broken: Deed = ({ reply }) => {
  reply.writeHead(500, { 'content-type': 'text/plain' }).end('no')
}

/** Takes the request and never answers. */
export const hanging: Deed = () => undefined

/** Sends a part of the body, and then nothing more, ever; the connection stays. */
export function stalledAfter(bytes: number): Deed {
  return async ({ reply, fetch }) => {
    const { status, headers, body } = await fetch()
    reply.writeHead(status, { ...plain(headers), 'content-length': body.length })
    reply.write(body.subarray(0, bytes))
  }
}

/** Cuts the connection in the middle of the body. */
export function cutAfter(bytes: number): Deed {
  return async ({ reply, fetch }) => {
    const { status, headers, body } = await fetch()
    reply.writeHead(status, { ...plain(headers), 'content-length': body.length })
    reply.write(body.subarray(0, Math.min(bytes, body.length - 1)), () => reply.destroy())
  }
}

/** Sends all of the body but its last byte, then does `meanwhile`, then sends that byte. */
export function heldBack(meanwhile: () => void | Promise<void>): Deed {
  return async ({ reply, fetch }) => {
    const { status, headers, body } = await fetch()
    reply.writeHead(status, { ...plain(headers), 'content-length': body.length })
    reply.write(body.subarray(0, -1))
    await meanwhile()
    reply.end(body.subarray(-1))
  }
}

export function send(reply: ServerResponse, { status, headers, body }: Reply): void {
  reply.writeHead(status, { ...plain(headers), 'content-length': body.length }).end(body)
}

function plain(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  const { 'transfer-encoding': _, connection: __, ...rest } = headers
  return rest
}

/** Opens a proxy on a port that was free; `upstream` is where the server listens. */
export async function openProxy(upstream: () => string): Promise<Middleman> {
  const sockets = new Set<Socket>()
  const seen: string[] = []
  const running = new Set<ServerResponse>()
  const server = http.createServer((request, reply) => {
    const asked = `${request.method} ${request.url}`
    seen.push(asked)
    if (!asked.endsWith('/events')) {
      running.add(reply)
      reply.once('close', () => running.delete(reply))
    }
    const exchange = makeExchange(request, reply, upstream())
    const deed = proxy.rule?.(asked) ?? (({ pass }: Exchange) => pass())
    // What fails towards the server is, towards the device, a connection that breaks.
    Promise.resolve(deed(exchange)).catch(() => reply.destroy())
  })
  server.keepAliveTimeout = 0
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const port = await listenOn(server, 0)
  const shut = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  const proxy: Middleman = {
    origin: `http://127.0.0.1:${port}`,
    seen,
    rule: undefined,
    calm: async () => {
      await Promise.all([...running].map(reply => once(reply, 'close')))
    },
    shut,
    open: async () => void (await listenOn(server, port)),
    async close() {
      if (!server.listening) return
      const closed = new Promise(done => server.once('close', done))
      shut()
      await closed
    },
  }
  return proxy
}

function makeExchange(request: IncomingMessage, reply: ServerResponse, upstream: string): Exchange {
  const body = bytesOf(request)
  const ask = async (): Promise<IncomingMessage> => {
    const { method = 'GET', headers, url = '/' } = request
    return askServer(new URL(url, upstream), { method, headers }, await body, reply)
  }
  return {
    reply,
    async fetch() {
      const answer = await ask()
      const { statusCode: status = 0, headers } = answer
      return { status, headers, body: await bytesOf(answer) }
    },
    async pass() {
      const answer = await ask()
      reply.writeHead(answer.statusCode ?? 0, answer.headers)
      // A stream's head is worth having before its first event.
      reply.flushHeaders()
      answer.pipe(reply).on('error', () => reply.destroy())
      answer.on('error', () => reply.destroy())
    },
  }
}

function askServer(
  url: URL,
  options: http.RequestOptions,
  body: Buffer,
  reply: ServerResponse,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A connection of its own: none that the server lets go of between two requests.
    const asking = http.request(url, { ...options, agent: false }, resolve)
    asking.once('error', reject)
    reply.once('close', () => asking.destroy())
    asking.end(body)
  })
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function listenOn(server: http.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
