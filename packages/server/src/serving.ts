import type { AddressInfo, Server } from 'node:net'
import type { Logger } from 'pino'
import { bucketOf } from './configuration/bucket.ts'
import type { Settings } from './configuration/configuration.ts'
import { ServerError } from './error.ts'
import { databasePlace } from './first-start.ts'
import { type Listening, listen, type Patience } from './http/app.ts'
import type { HouseOptions } from './open-house.ts'
import { type Answering, serveAlone } from './serve-alone.ts'
import { isPostgresPlace } from './store/place.ts'
import { openTls, proxyKeysOf, refusePlainHttp, type ServedTls } from './tls/serve-tls.ts'
import type { World } from './world.ts'

/** A server that answers. */
export interface Serving {
  readonly origins: readonly string[]
  /** Looks at the certificate again, where there is one. */
  renew(): void
  /** Takes no new connections, lets what is under way end, for a while, and leaves all as it shall be found. */
  stop(): Promise<void>
}

export interface ServingOptions {
  readonly settings: Settings
  readonly folder: string
  readonly world: World
  readonly logger: Logger
}

/** Opens what there is and listens. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { settings, logger } = options
  refusePlainHttp(settings)
  // Filled once the ports are known; the house reads it with each request.
  const origins: string[] = settings.origin.flatMap(alsoByName)
  const { answering, tls } = await open(await houseOptions(options, origins), settings)
  const servers = await listen(answering.answer, settings.listen, {
    tls: tls?.now(),
    patience: patienceOf(settings),
  })
  tls?.follow(servers)
  const places = servers.map(server => originOf(server, tls))
  await answering.listensAt(places[0] ?? '')
  if (origins.length === 0) origins.push(...places.flatMap(alsoByName))
  const withinMs = settings['stop-seconds'] * 1000
  logger.debug({ places }, 'listens')
  return {
    origins,
    renew: () => void tls?.renew(),
    async stop() {
      tls?.[Symbol.dispose]()
      await drain(servers, answering, withinMs)
      await answering[Symbol.asyncDispose]()
    },
  }
}

/** Who sends slowly holds a connection no longer than this. */
function patienceOf(settings: Settings): Patience {
  const headersTimeout = settings['header-seconds'] * 1000
  const requestTimeout = Math.max(settings['request-seconds'] * 1000, headersTimeout)
  return { headersTimeout, requestTimeout, connectionsCheckingInterval: headersTimeout / 3 }
}

async function houseOptions(
  { settings, folder, world, logger }: ServingOptions,
  origins: readonly string[],
): Promise<HouseOptions & { readonly database: string }> {
  const { signer, deltas, 'second-store': secondStore, 'sign-on': signOn } = settings
  const { 'webhook-network': webhookNetworks, smtp, 'mail-from': mailFrom } = settings
  const telling = { webhookNetworks, smtp, mailFrom }
  const database = await databasePlace({ folder, database: settings.database })
  const places = { folder, database, bucket: bucketOf(settings), secondStore, signer, signOn }
  return {
    ...{ ...places, ...telling, origins, deltas, world, logger },
    trustedProxies: settings['trusted-proxy'],
  }
}

/** One that has PostgreSQL may be one of several. */
async function open(
  options: HouseOptions & { readonly database: string },
  settings: Settings,
): Promise<{ readonly answering: Answering; readonly tls?: ServedTls | undefined }> {
  if (!isPostgresPlace(options.database)) {
    const answering = await serveAlone(options)
    return { answering, tls: await openTls(settings, answering.house, options.logger) }
  }
  refuseSharedTls(settings)
  const { serveShared } = await import('./processes/serve-shared.ts')
  return { answering: await serveShared({ ...options, proxyKeys: await proxyKeysOf(settings) }) }
}

/** They pass requests on to each other in the clear. */
function refuseSharedTls(settings: Settings): void {
  if (settings['tls-certificate'] === undefined) return
  const message =
    'cannot serve by TLS over PostgreSQL: several processes may share it, so the proxy before them ends TLS'
  throw new ServerError('server/configuration', message, { setting: 'tls-certificate' })
}

/** Lets what is under way end. Who hears a stream end comes back, and finds whoever serves then. */
async function drain(
  servers: readonly Listening[],
  { streams }: Answering,
  withinMs: number,
): Promise<void> {
  const closed = servers.map(server => new Promise(resolve => void server.close(resolve)))
  streams[Symbol.dispose]()
  const idle = setInterval(() => {
    for (const server of servers) server.closeIdleConnections()
  }, 50)
  const late = setTimeout(() => {
    for (const server of servers) server.closeAllConnections()
  }, withinMs)
  await Promise.all(closed)
  clearInterval(idle)
  clearTimeout(late)
}

/** The loopback has a name as well, and browsers make passkeys for names alone. WebAuthn §5.1.2 */
function alsoByName(origin: string): string[] {
  const named = origin.replace(/^(https?:)\/\/127\.0\.0\.1(?=:|$)/, '$1//localhost')
  return named === origin ? [origin] : [origin, named]
}

function originOf(server: Server, tls: ServedTls | undefined): string {
  const address = server.address() as AddressInfo
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `${tls ? 'https' : 'http'}://${host}:${address.port}`
}
