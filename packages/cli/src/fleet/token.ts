import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Client, makeClient } from '@steadfleet/protocol'
import { CliError } from '../error.ts'
import type { World } from '../world.ts'
import { overFetch } from './connect.ts'
import type { Home } from './home.ts'

/**
 * A machine's token, of the environment or of a file: never of the command line, which every user of the machine
 * may read. Undefined where none is given.
 */
export async function readToken({
  environment,
  directory,
}: Pick<World, 'environment' | 'directory'>): Promise<string | undefined> {
  const { STEADFLEET_TOKEN: said, STEADFLEET_TOKEN_FILE: file } = environment
  if (said) return checked(said, 'STEADFLEET_TOKEN')
  if (!file) return undefined
  const path = resolve(directory, file)
  return checked((await readOwn(path)).trim(), path)
}

async function readOwn(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw refused(path, 'it is no file')
  if ((found.mode & 0o077) !== 0) throw refused(path, 'others may read it (chmod 600)')
  return readFile(path, 'utf8')
}

/** What was given is never repeated: it may be a token with a slip in it. */
function checked(token: string, from: string): string {
  if (/^[A-Za-z0-9_-]{20,200}$/.test(token)) return token
  throw refused(from, 'it holds none')
}

function refused(from: string, why: string): CliError {
  const hint = 'steadfleet machine add prints one'
  return new CliError('cli/usage', `cannot take a token from ${from}: ${why}`, { from, hint })
}

/**
 * A client that a token speaks for. The token goes to the fleet's own server alone, and over no network that
 * others may read.
 */
export function connectByToken(
  { server }: Pick<Home, 'server'>,
  token: string,
  interrupted?: AbortSignal,
): Client {
  const { protocol, hostname } = new URL(server)
  if (protocol !== 'https:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new CliError(
      'cli/usage',
      `cannot send a token to ${server}: others on the way may read it`,
    )
  }
  const carry = overFetch(interrupted)
  return makeClient({
    origin: server,
    transport: request =>
      carry({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } }),
  })
}
