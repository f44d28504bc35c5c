import { readFile } from 'node:fs/promises'
import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { problemType, toProblem } from '@steadfleet/protocol'
import { ifThere } from '../disk/durable.ts'
import { ServerError } from '../error.ts'

/** In the data directory: which process does the work, and since it answers, where. */
const holderName = 'holder'

/** Passes a request on, as it is, to the process that does the work. */
export async function forward(
  folder: string,
  incoming: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const origin = (await ifThere(readFile(join(folder, holderName), 'utf8')))?.split('\n')[1]
  if (!origin) return refuse(reply)
  const { method, url, headers, socket } = incoming
  const { hostname, port } = new URL(origin)
  // Whoever is asked must not take this process for the one who asks.
  const told = { ...headers, 'x-forwarded-for': socket.remoteAddress ?? 'unknown' }
  const outgoing = ask({ hostname, port, method, path: url, headers: told })
  outgoing.on('response', answer => {
    reply.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.on('error', () => reply.destroy())
    answer.pipe(reply)
  })
  outgoing.on('error', () => (reply.headersSent ? reply.destroy() : refuse(reply)))
  reply.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

/** Nobody does the work just now: the next process to notice takes it over. */
function refuse(reply: ServerResponse): void {
  const message = 'cannot answer now: the work of this server is being taken over'
  const problem = toProblem(new ServerError('server/taking-over', message))
  reply.writeHead(problem.status, { 'content-type': problemType, 'retry-after': '1' })
  reply.end(JSON.stringify(problem))
}
