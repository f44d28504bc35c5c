import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isCoded } from '@steadfleet/base'
import { isBlockedPort } from '@steadfleet/protocol'
import { pino } from 'pino'
import { usualKept } from './deltas/budget.ts'
import { ServerError } from './error.ts'
import { listen, makeApp } from './http/app.ts'
import { byFetch } from './http/by-fetch.ts'
import { openHouse } from './open-house.ts'
import { restoreFrom } from './second/restore.ts'
import type { World } from './world.ts'

const world: World = {
  now: () => new Date(),
  random: length => new Uint8Array(randomBytes(length)),
  pid: process.pid,
  transport: byFetch,
}

try {
  await serve()
} catch (error) {
  const { message } = error as Error
  const code = isCoded(error) ? error.code : 'server/fault'
  process.stderr.write(`${JSON.stringify({ code, message })}\n`)
  process.exit(1)
}

/** Serves one data directory until it is told to end; or makes it anew from a second store, and ends. */
async function serve(): Promise<void> {
  // A signer of the same group reads the roots; nobody else reads anything.
  process.umask(0o027)
  const { folder, secondStore, signer, restore, deltas, addresses, origins } = readArguments()
  if (restore !== undefined) {
    await restoreFrom(restore, folder)
    process.stdout.write(`${JSON.stringify({ restored: folder })}\n`)
    return
  }
  // To stderr, and never a header: those carry signatures and cookies.
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2))
  // Filled once the ports are known; the house reads it with each request.
  const known: string[] = origins.flatMap(alsoByName)
  // Of the environment, since it may hold a password: arguments can be seen by everyone. No child needs it.
  const database = process.env.STEADFLEET_DATABASE
  delete process.env.STEADFLEET_DATABASE
  const places = { folder, secondStore, signer, database, origins: known }
  const opened = await openHouse({ ...places, deltas, world, logger })
  const { house } = opened
  const app = await makeApp(house, logger)
  const servers = await listen(app, addresses)
  if (known.length === 0) {
    known.push(...servers.flatMap(server => alsoByName(originOf(server.address()))))
  }
  process.stdout.write(`${JSON.stringify({ ready: true, origins: known })}\n`)
  const end = async (): Promise<void> => {
    for (const server of servers) server.close()
    house.streams[Symbol.dispose]()
    for (const server of servers) server.closeAllConnections()
    await app.close()
    await opened[Symbol.asyncDispose]()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end())
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      listen: { type: 'string', multiple: true, default: ['127.0.0.1:8420'] },
      origin: { type: 'string', multiple: true, default: [] },
      'second-store': { type: 'string' },
      signer: { type: 'string' },
      restore: { type: 'string' },
      deltas: { type: 'string', default: String(usualKept) },
    },
  })
  if (!values.data) {
    const usage =
      'cannot serve: usage is --data DIR [--listen HOST:PORT]... [--origin URL]... [--second-store DIR] [--signer SOCKET] [--deltas BYTES] [--restore SECOND]'
    throw new ServerError('server/usage', usage)
  }
  return {
    folder: resolve(values.data),
    secondStore: values['second-store'] && resolve(values['second-store']),
    signer: values.signer && resolve(values.signer),
    restore: values.restore && resolve(values.restore),
    deltas: toBytes(values.deltas),
    addresses: values.listen.map(toAddress),
    origins: values.origin.map(toOrigin),
  }
}

function toBytes(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text)
  throw new ServerError('server/usage', `cannot keep deltas of ${text}: it is no number of bytes`)
}

function toAddress(text: string): { host: string; port: number } {
  const [, host, port] = /^(.+):([0-9]{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) {
    throw new ServerError('server/usage', `cannot listen on ${text}: it is no HOST:PORT`)
  }
  refuseBlockedPort(text, Number(port))
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

function refuseBlockedPort(text: string, port: number): void {
  if (!isBlockedPort(port)) return
  const message = `cannot serve at ${text}: browsers and agents connect to no port ${port}`
  throw new ServerError('server/usage', message, { port })
}

function toOrigin(text: string): string {
  const url = URL.parse(text)
  if (url?.origin && url.origin !== 'null' && url.pathname === '/') {
    refuseBlockedPort(text, Number(url.port))
    return url.origin
  }
  throw new ServerError('server/usage', `cannot be reached as ${text}: it is no origin`)
}

/** The loopback has a name as well, and browsers make passkeys for names alone. WebAuthn §5.1.2 */
function alsoByName(origin: string): string[] {
  const named = origin.replace(/^http:\/\/127\.0\.0\.1(?=:|$)/, 'http://localhost')
  return named === origin ? [origin] : [origin, named]
}

function originOf(address: AddressInfo | string | null): string {
  if (typeof address !== 'object' || address === null) return ''
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
