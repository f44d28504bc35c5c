import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { toEventText } from '@steadfleet/protocol'
import type { Canned } from './canned.ts'
import { replyTo } from './replies.ts'

/** A token that the canned server trades for a session, as often as it is asked. */
export const goodToken = 'a-token-that-this-server-takes'

/** The policy the dashboard must live under: nothing inline but Mantine's styles, no other host. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** A server of canned replies and of the built dashboard. */
export interface CannedServer extends AsyncDisposable {
  readonly origin: string
  readonly canned: Canned
  /** Tells every open page that a topic changed. */
  tell(topic: string): void
}

interface World {
  readonly dist: string
  readonly canned: Canned
  readonly streams: Set<ServerResponse>
}

/** Serves `dist` and `canned` on a free port of the loopback. */
export async function serveCanned(dist: string, canned: Canned): Promise<CannedServer> {
  const streams = new Set<ServerResponse>()
  const server = createServer((request, reply) => {
    answer({ dist, canned, streams }, request, reply).catch((error: unknown) => {
      sendProblem(reply, 500, 'internal', String(error))
    })
  })
  const origin = await listen(server)
  return {
    origin,
    canned,
    tell: topic => {
      const data = JSON.stringify({ topic })
      for (const stream of streams) stream.write(toEventText({ event: 'message', data }))
    },
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise(done => server.close(() => done()))
    },
  }
}

async function answer(
  { dist, canned, streams }: World,
  request: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  if (!path.startsWith('/v1/')) return sendFile(reply, dist, path)
  const body = await bodyOf(request)
  const isSignedIn = request.headers.cookie?.includes('session=1')
  if (path === '/v1/sign-in') signIn(reply, body)
  else if (path === '/v1/sign-in/sign-on') sendReply(reply, path, { name: 'Example ID' })
  else if (!isSignedIn) sendProblem(reply, 401, 'request/not-signed-in', 'cannot tell who asks')
  else if (path === '/v1/events') openStream(reply, streams)
  else sendReply(reply, path, replyTo(canned, request.method ?? 'GET', request.url ?? '/', body))
}

function listen(server: Server): Promise<string> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
    })
  })
}

async function sendFile(reply: ServerResponse, dist: string, path: string): Promise<void> {
  const file = extname(path) === '' ? '/index.html' : path
  const content = await readFile(join(dist, file))
  const type = types[extname(file)] ?? 'application/octet-stream'
  reply.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(content)
}

function sendReply(reply: ServerResponse, path: string, said: unknown): void {
  if (said === undefined) sendProblem(reply, 404, 'request/unknown-route', `cannot find ${path}`)
  else reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said))
}

function signIn(reply: ServerResponse, body: string): void {
  if (JSON.parse(body).token === goodToken) {
    const cookie = 'session=1; HttpOnly; SameSite=Strict; Path=/'
    reply.writeHead(200, { 'content-type': 'application/json', 'set-cookie': cookie })
    reply.end(JSON.stringify({ name: 'operator' }))
  } else {
    const why = 'cannot sign in: the link was used or is over'
    sendProblem(reply, 403, 'sign-in/refused', why)
  }
}

function openStream(reply: ServerResponse, streams: Set<ServerResponse>): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  reply.write(': open\n\n')
  streams.add(reply)
  reply.on('close', () => streams.delete(reply))
}

function sendProblem(reply: ServerResponse, status: number, type: string, title: string): void {
  reply.writeHead(status, { 'content-type': 'application/problem+json' })
  reply.end(JSON.stringify({ type, title, status }))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}
