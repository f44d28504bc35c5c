import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isCoded } from '@steadfleet/base'
import { connect } from '../store/postgres-connection.ts'

/** The programs of the newest PostgreSQL here, where Debian keeps those of each version. */
const programs =
  globSync('/usr/lib/postgresql/*/bin')
    .filter(folder => existsSync(join(folder, 'postgres')))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1) ?? ''

/** Why there is no PostgreSQL for tests here, or nothing where there is. */
export const noPostgres: string | undefined =
  programs === '' ? 'the Debian package postgresql is not there' : undefined

/** A PostgreSQL server of its own, on a socket in a folder that goes with it. */
export interface TestPostgres extends AsyncDisposable {
  /** The URL of one of its databases. */
  url(database?: string): string
  /** Ends it as a crash of it does, and starts it again. */
  restart(meanwhile?: () => Promise<unknown>): Promise<void>
}

/** Whom it runs as where the tests run as root: PostgreSQL refuses to. */
const nobody = 65_534

export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'steadfleet-pg-'))
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(folder, nobody, nobody)
  const as = isRoot ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : []
  const data = join(folder, 'data')
  const url = (database = 'postgres') => `postgres:///${database}?host=${folder}&user=fleet`
  const init = ['-D', data, '-U', 'fleet', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N']
  const made = spawnSync('setpriv', [...as, '--no-new-privs', join(programs, 'initdb'), ...init], {
    ...{ cwd: folder, encoding: 'utf8' },
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const start = () => startIn(folder, data, as, url())
  let running = await start()
  return {
    url,
    async restart(meanwhile) {
      await end(running)
      await meanwhile?.()
      running = await start()
    },
    async [Symbol.asyncDispose]() {
      await end(running)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startIn(folder: string, data: string, as: readonly string[], url: string) {
  const options = ['fsync=off', 'full_page_writes=off', 'max_connections=200', 'listen_addresses=']
  const args = ['-D', data, '-k', folder, ...options.flatMap(option => ['-c', option])]
  // It does not outlive the tests, however they end.
  const words = [...as, '--pdeathsig', 'QUIT', join(programs, 'postgres'), ...args]
  const child = spawn('setpriv', words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  child.stderr?.on('data', chunk => said.push(String(chunk)))
  for (let tries = 0; tries < 3000 && child.exitCode === null; tries += 1) {
    if (await answers(url)) return child
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  child.kill('SIGQUIT')
  throw new Error(`postgres did not start: ${said.join('')}`)
}

async function answers(url: string): Promise<boolean> {
  try {
    await using connection = await connect(url)
    await connection.ask('select 1')
    return true
  } catch (fault) {
    if (isCoded(fault, 'database/unavailable')) return false
    throw fault
  }
}

/** At once, as a crash: what was committed is in its log. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const hasEnded = once(child, 'exit')
  child.kill('SIGQUIT')
  await hasEnded
}
