import { chmod, chown, mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { isCoded, parseStrictJson } from '@steadfleet/base'
import { parserOf } from '@steadfleet/domain'
import {
  type LocalBody,
  type LocalQuery,
  type LocalReply,
  type LocalRole,
  type LocalRoute,
  type LocalRouteName,
  localRoutes,
} from '@steadfleet/protocol'
import type { Paths } from '../disk/paths.ts'
import { isSystemError } from '../error.ts'
import { longestPath } from '../report/status-socket.ts'
import type { World } from '../world.ts'

/** What each route does, once it was decided that it may. */
export type LocalHandlers = {
  readonly [N in LocalRouteName]: (asked: {
    readonly query: LocalQuery<N>
    readonly body: LocalBody<N>
  }) => Promise<LocalReply<N>>
}

export interface ApiOptions {
  readonly paths: Paths
  readonly world: World
  readonly handlers: LocalHandlers
  /** The group whose members are this device's users; without one there is no socket for them. */
  readonly group?: number | undefined
}

const longestBody = 16_384
const mostConnections = 32
const patienceMs = 10_000

/** The socket of a role: who may open it is that role. */
export function apiSocket({ api }: Pick<Paths, 'api'>, role: LocalRole): string {
  return join(api, `${role}.sock`)
}

/**
 * Serves the device's own interface, on a socket for each role. The kernel lets nobody connect who may not
 * write to the socket, so its owner, group and mode say who may. docs/decisions/0029
 */
export async function serveApi(options: ApiOptions): Promise<Server[]> {
  const { paths, world, group } = options
  const roles: LocalRole[] = group === undefined ? ['owner'] : ['owner', 'user']
  const tooLong = roles.find(role => Buffer.byteLength(apiSocket(paths, role)) > longestPath)
  if (tooLong !== undefined) {
    const message = `cannot serve ${apiSocket(paths, tooLong)}: the path is too long`
    world.log({ level: 'warn', message })
    return []
  }
  await rm(paths.api, { recursive: true, force: true })
  await mkdir(paths.api, { mode: 0o711 })
  await chmod(paths.api, 0o711)
  const servers = await Promise.all(roles.map(role => serveRole(options, role)))
  if (group !== undefined) await giveTo(group, apiSocket(paths, 'user'), world)
  return servers
}

async function serveRole({ paths, world, handlers }: ApiOptions, role: LocalRole): Promise<Server> {
  const server = createServer((request, response) => {
    answer(handlers, role, request, response).catch((error: unknown) => {
      world.log({ level: 'error', message: `cannot answer ${request.url}: ${error}` })
      response.destroy()
    })
  })
  server.maxConnections = mostConnections
  server.requestTimeout = patienceMs
  const path = apiSocket(paths, role)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  // Made under the umask 022: until the next lines nobody but its owner can connect.
  server.listen(path, resolve)
  await promise
  await chmod(path, 0o600)
  return server
}

/** An agent that is not root can give it to a group of its own user alone. */
async function giveTo(group: number, path: string, world: World): Promise<void> {
  try {
    await chown(path, process.geteuid?.() ?? 0, group)
    await chmod(path, 0o660)
  } catch (error) {
    if (!isSystemError(error, 'EPERM')) throw error
    world.log({ level: 'warn', message: `cannot give ${path} to group ${group}: ${error}` })
  }
}

async function answer(
  handlers: LocalHandlers,
  role: LocalRole,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { name, route, url } = routeOf(request)
    refuseRole(route, role)
    const query = parsed('the query', route.query, Object.fromEntries(url.searchParams))
    const body = parsed('the body', route.body, route.body && (await bodyOf(request)))
    const handle = handlers[name] as (asked: object) => Promise<unknown>
    send(response, 200, await handle({ query, body }))
  } catch (error) {
    const { status, type, message: title } = problemOf(error)
    send(response, status, { type, title, status }, 'application/problem+json')
  }
}

/** What is answered instead of a reply; RFC 9457. */
class Problem extends Error {
  readonly status: number
  readonly type: string

  constructor(status: number, type: string, title: string) {
    super(title)
    this.status = status
    this.type = type
  }
}

function routeOf({ method, url = '/' }: IncomingMessage) {
  const at = URL.parse(url, 'http://device')
  const found = Object.entries(localRoutes).find(
    ([, route]) => route.method === method && route.path === at?.pathname,
  )
  if (found && at) {
    return { name: found[0] as LocalRouteName, route: found[1] as LocalRoute, url: at }
  }
  throw new Problem(404, 'request/unknown-route', `cannot ${method} ${at?.pathname ?? url}`)
}

function refuseRole({ by, path }: LocalRoute, role: LocalRole): void {
  if (by === role || role === 'owner') return
  throw new Problem(403, 'request/not-permitted', `cannot ask for ${path}: it is the owner’s alone`)
}

function parsed(what: string, schema: LocalRoute['body'], value: unknown): unknown {
  return schema === undefined ? undefined : parserOf(what, schema)(value)
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > longestBody) {
      throw new Problem(413, 'request/too-large', `cannot read more than ${longestBody} bytes`)
    }
    chunks.push(chunk)
  }
  return length === 0 ? {} : parseStrictJson(Buffer.concat(chunks))
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (!isCoded(error)) {
    const why = error instanceof Error ? error.message : String(error)
    return new Problem(500, 'agent/fault', `cannot answer: ${why}`)
  }
  const isWrong = /^(schema|json|bytes)\//.test(error.code)
  return new Problem(isWrong ? 400 : 409, error.code, error.message)
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
