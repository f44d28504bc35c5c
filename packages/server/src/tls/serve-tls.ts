import type { Digest } from '@steadfleet/base'
import type { Logger } from 'pino'
import type { Settings } from '../configuration/configuration.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import type { Listening } from '../http/app.ts'
import { serverKeys } from '../store/people-store.ts'
import { type CertificateFiles, digestOfKeyFile } from './certificate.ts'
import { type KeptCertificate, keepCertificate } from './keep-certificate.ts'

type Wanted = Pick<
  Settings,
  'listen' | 'plain-http' | 'tls-certificate' | 'tls-key' | 'tls-next-key' | 'device-pins'
>

/** Refuses to speak plain HTTP to other machines, unless somebody said so. Errors: `server/plain-http` */
export function refusePlainHttp(settings: Wanted): void {
  if (filesOf(settings) !== undefined || settings['plain-http'] === 'anywhere') return
  const open = settings.listen.find(({ host }) => !isLoopback(host))
  if (!open) return
  const message = `cannot listen on ${open.host}:${open.port} without TLS: name a certificate with --tls-certificate and --tls-key, or say --plain-http anywhere behind a proxy that ends TLS`
  throw new ServerError('server/plain-http', message, { host: open.host })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host)
}

function filesOf(settings: Wanted): CertificateFiles | undefined {
  const { 'tls-certificate': certificate, 'tls-key': key, 'tls-next-key': next } = settings
  if (certificate !== undefined && key !== undefined) return { certificate, key, next }
  if (certificate === key) return undefined
  const lacking = certificate === undefined ? 'tls-certificate' : 'tls-key'
  const message = `cannot serve by TLS: ${lacking} is not said, and its other half is`
  throw new ServerError('server/configuration', message, { setting: lacking })
}

/** The keys of the proxy that ends TLS before this server, where devices are to know them. */
export async function proxyKeysOf(settings: Wanted): Promise<Digest[]> {
  if (settings['device-pins'] === 'none') return []
  return Promise.all(settings['tls-next-key'].map(digestOfKeyFile))
}

/** A certificate, and the servers that serve by it. */
export interface ServedTls extends KeptCertificate {
  follow(servers: readonly Listening[]): void
}

/**
 * The certificate to serve by, where the settings name one. Devices are told of its key and of those that may
 * follow, so that one of these may take its place; without a certificate here, the keys named are the proxy's.
 */
export async function openTls(
  settings: Wanted,
  { store, orderer }: Pick<House, 'store' | 'orderer'>,
  logger: Pick<Logger, 'info' | 'error'>,
): Promise<ServedTls | undefined> {
  const files = filesOf(settings)
  const isPinned = settings['device-pins'] === 'own'
  const announce = async (keys: readonly Digest[]): Promise<void> => {
    await store.write('noteServerKeys', { keys: isPinned ? keys : [] })
    void orderer.nudge()
  }
  if (!files) {
    await announce(await proxyKeysOf(settings))
    return undefined
  }
  let told = await serverKeys(store.db)
  let served: readonly Listening[] = []
  const kept = await keepCertificate({
    ...{ files, logger },
    mayUse: key => !isPinned || told.length === 0 || told.includes(key),
    async onNew({ cert, key, keys }) {
      for (const server of served) {
        // Connections that are open go on by the certificate that they began with.
        if ('setSecureContext' in server) server.setSecureContext({ cert, key })
      }
      await announce(keys)
      told = keys
    },
  })
  const { keys } = kept.now()
  await announce(keys)
  told = keys
  return Object.assign(kept, {
    follow: (servers: readonly Listening[]) => {
      served = servers
    },
  })
}
