import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import fastifyStatic from '@fastify/static'
import { type RouteSpec, routes, toProblem } from '@steadfleet/protocol'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { handleAudit } from '../routes/audit.ts'
import { handleBackup } from '../routes/backup.ts'
import { handleCatalogues } from '../routes/catalogues.ts'
import { handleCeremony } from '../routes/ceremony.ts'
import { handleContent } from '../routes/content.ts'
import { handleDeviceSets } from '../routes/device-sets.ts'
import { handleDevices } from '../routes/devices.ts'
import { handleFailures } from '../routes/failures.ts'
import { handleFleets } from '../routes/fleet.ts'
import { handleGrants } from '../routes/grants.ts'
import { handleIsolation } from '../routes/isolation.ts'
import { handleLog } from '../routes/log.ts'
import { handleMetrics } from '../routes/metrics.ts'
import { handleMud } from '../routes/mud.ts'
import { handleNotices } from '../routes/notices.ts'
import { handlePeople } from '../routes/people.ts'
import { handleReleases } from '../routes/releases.ts'
import { handleReviews } from '../routes/reviews.ts'
import { handleRollouts } from '../routes/rollouts.ts'
import { handleSecurity } from '../routes/security.ts'
import { handleServer } from '../routes/server.ts'
import { handleSettings } from '../routes/settings.ts'
import { handleSignIn } from '../routes/sign-in.ts'
import { handleSignOn } from '../routes/sign-on.ts'
import type { Certificate } from '../tls/certificate.ts'
import { makeHandle, sendAsProblem, sendProblem } from './handle.ts'

/** What a browser may do with our pages: nothing that they do not bring themselves. */
const pageHeaders = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Every route of the protocol, and the dashboard beside them, before anybody listens. */
export async function makeApp(
  house: House,
  logger: FastifyBaseLogger,
  proxies: readonly string[] = [],
): Promise<FastifyInstance> {
  const app = newApp(logger, proxies)
  acceptBytes(app)
  sendProblem(house, app)
  sendPageHeaders(app)
  const isBuilt = await serveFiles(house, app)
  const handled = new Set<RouteSpec>()
  const handle = makeHandle(house, app, handled)
  handleServer(handle, house)
  handleSignIn(handle, house)
  handleSignOn(handle, house)
  handlePeople(handle, house)
  handleNotices(handle, house)
  handleAudit(handle, house)
  handleDevices(handle, house)
  handleFailures(handle, house)
  handleFleets(handle, house)
  handleSettings(handle, house)
  handleDeviceSets(handle, house)
  handleIsolation(handle, house)
  handleGrants(handle, house)
  handleReleases(handle, house)
  handleRollouts(handle, house)
  handleReviews(handle, house)
  handleContent(handle, house)
  handleMud(handle, house)
  handleCatalogues(handle, house)
  handleLog(handle, house)
  handleBackup(handle, house)
  handleCeremony(handle, house)
  handleSecurity(handle, house)
  handleMetrics(handle, house)
  refuseUnlisted(handled)
  answerOthers(app, isBuilt)
  await app.ready()
  return app
}

/** Names that no other life of the server gave: a few random bytes, and a number that rises. */
function requestIds(): () => string {
  const life = randomBytes(6).toString('base64url')
  let last = 0
  return () => {
    last += 1
    return `${life}-${last.toString(36)}`
  }
}

function newApp(logger: FastifyBaseLogger, proxies: readonly string[]): FastifyInstance {
  return Fastify({
    trustProxy: proxies.length > 0 && [...proxies],
    loggerInstance: logger,
    genReqId: requestIds(),
    // What matters is logged by whoever answers; each request twice is noise at 1,000 a second.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
    keepAliveTimeout: 75_000,
  })
}

/** Not to who signs: that is no browser, and a device pays for each byte. */
function sendPageHeaders(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.headers['signature-input'] === undefined) reply.headers(pageHeaders)
    done(null, payload)
  })
}

/**
 * Who may call a route is said in one table, which is printed, tested and served from `routes`: what is not in
 * it answers nobody, and what is in it answers.
 */
export function refuseUnlisted(handled: ReadonlySet<RouteSpec>): void {
  const listed = new Set(Object.values(routes))
  const [first] = listed.symmetricDifference(handled)
  if (!first) return
  const what = `${first.method} ${first.path}`
  throw new TypeError(`${what} is ${listed.has(first) ? 'without a deed' : 'not in the table'}`)
}

/** One address that is listened on. */
export type Listening = Server | TlsServer

/** How long a request may take to come, and how often that is looked at; in milliseconds. */
export interface Patience {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
}

export interface ListenOptions {
  readonly tls?: Pick<Certificate, 'cert' | 'key'> | undefined
  /** Node's own without it. */
  readonly patience?: Patience
}

/** Listens on every address, by TLS where there is a certificate; the same routes answer on each. */
export async function listen(
  answer: (request: IncomingMessage, reply: ServerResponse) => void,
  addresses: readonly { host: string; port: number }[],
  { tls, patience }: ListenOptions = {},
): Promise<Listening[]> {
  const options = { keepAliveTimeout: 75_000, ...patience }
  const servers = addresses.map(() =>
    tls
      ? createTlsServer({ ...options, minVersion: 'TLSv1.2', ...tls }, answer)
      : createServer(options, answer),
  )
  for (const [i, address] of addresses.entries()) {
    await new Promise<void>((resolve, reject) => {
      servers[i]?.once('error', reject).listen(address, resolve)
    })
  }
  return servers
}

/** Bodies stay bytes until their signature is checked; who reads them is the route's schema. */
function acceptBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** The dashboard's files at `/`, where it was built. Every page of it is its one `index.html`. */
async function serveFiles({ files }: House, app: FastifyInstance): Promise<boolean> {
  const isBuilt = files.dashboard !== undefined
  await app.register(fastifyStatic, {
    root: files.dashboard ?? '/nonexistent',
    serve: isBuilt,
    wildcard: false,
    decorateReply: true,
  })
  return isBuilt
}

function answerOthers(app: FastifyInstance, isBuilt: boolean): void {
  app.setNotFoundHandler((request, reply) => {
    const isPage = request.method === 'GET' && !request.url.startsWith('/v1/')
    if (isPage && isBuilt) return reply.sendFile('index.html')
    const problem = toProblem(
      new ServerError('request/unknown-route', `cannot find ${request.method} on this path`),
    )
    return sendAsProblem(reply, problem)
  })
}
