import { type FileHandle, open } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isCoded, parseDigest } from '@steadfleet/base'
import type { ObjectStore } from '../store/objects.ts'
import type { World } from '../world.ts'

/** Peers that fetch at a time; more are asked to come again, or go to the server. */
const mostConnections = 16
const idleMs = 30_000

export interface ObjectServerOptions {
  readonly host: string
  readonly port: number
  readonly objects: ObjectStore
  readonly world: World
}

/** Gives objects of the store, by digest, to whoever reaches the address: read-only, and nothing else. */
export async function serveObjects(options: ObjectServerOptions): Promise<Server> {
  const { host, port, objects, world } = options
  const server = createServer((request, response) => {
    answer(objects, request, response).catch((error: unknown) => {
      world.log({ level: 'warn', message: `cannot give an object to a peer: ${error}` })
      response.destroy()
    })
  })
  server.maxConnections = mostConnections
  server.setTimeout(idleMs)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  await promise
  return server
}

async function answer(
  objects: ObjectStore,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.method === 'GET' ? await pathFor(objects, request.url ?? '') : undefined
  if (path === undefined) return refuse(response, 404, 'content/unknown')
  await using file = await open(path)
  const { size } = await file.stat()
  const start = startOf(request)
  if (start > 0 && start >= size) return refuse(response, 416, 'content/wrong-range')
  const range = { 'content-range': `bytes ${start}-${size - 1}/${size}` }
  response.writeHead(start > 0 ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': size - start,
    ...(start > 0 && range),
  })
  await send(file, start, response)
}

function startOf({ headers }: IncomingMessage): number {
  return Number(/^bytes=(\d{1,15})-$/.exec(headers.range ?? '')?.[1] ?? 0)
}

async function send(file: FileHandle, start: number, response: ServerResponse): Promise<void> {
  for await (const piece of file.createReadStream({ start, autoClose: false })) {
    if (response.destroyed) return
    if (!response.write(piece)) await drained(response)
  }
  response.end()
}

/** Fulfilled too where the peer is gone. */
function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = () => {
    response.off('drain', end).off('close', end)
    resolve()
  }
  response.on('drain', end).on('close', end)
  return promise
}

async function pathFor(objects: ObjectStore, url: string): Promise<string | undefined> {
  const [, name = ''] = /^\/v1\/objects\/(sha256(?::|%3A)[0-9a-f]{64})$/.exec(url) ?? []
  if (name === '') return undefined
  try {
    return await objects.find(parseDigest(name.replace('%3A', ':')))
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

function refuse(response: ServerResponse, status: number, type: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify({ type, title: `cannot give it: ${type}`, status }))
}
