import { randomBytes } from 'node:crypto'
import { isCoded } from '@steadfleet/base'
import { listedServerSettings, variableOf } from '@steadfleet/protocol'
import { pino } from 'pino'
import { readConfiguration } from './configuration/configuration.ts'
import { showConfiguration } from './configuration/show.ts'
import { ServerError } from './error.ts'
import { byFetch } from './http/by-fetch.ts'
import { startServing } from './serving.ts'
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
  const { settings, rows, restore, move, showsConfig, json } = readConfiguration({
    words: process.argv.slice(2),
    environment: process.env,
    folder: process.cwd(),
  })
  forgetSecrets(process.env)
  if (showsConfig) return void process.stdout.write(`${showConfiguration(rows, json)}\n`)
  const folder = refuseNowhere(settings.data)
  const { database } = settings
  if (move) return moveAway(folder, database ?? '')
  if (restore !== undefined) {
    const { restoreFrom } = await import('./second/restore.ts')
    await restoreFrom(restore, folder, database === 'sqlite' ? undefined : database)
    process.stdout.write(`${JSON.stringify({ restored: folder })}\n`)
    return
  }
  // To stderr, and never a header: those carry signatures and cookies.
  const logger = pino(
    { base: null, level: settings['log-level'], timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2),
  )
  const serving = await startServing({ settings, folder, world, logger })
  process.stdout.write(`${JSON.stringify({ ready: true, origins: serving.origins })}\n`)
  process.on('SIGHUP', serving.renew)
  const end = (): void => void serving.stop().finally(() => process.exit(0))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
}

/** Moves the database to the PostgreSQL one of the environment, a line for each batch of rows. */
async function moveAway(folder: string, to: string): Promise<void> {
  const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
  const { moveToPostgres } = await import('./move/move-to-postgres.ts')
  const moved = await moveToPostgres({
    ...{ folder, to, pid: world.pid, now: world.now },
    onProgress: (table, rows, all) => say({ table, rows, all }),
  })
  say({ moved })
}

function refuseNowhere(data: string | undefined): string {
  if (data !== undefined) return data
  const message =
    'cannot serve: no data directory is named; usage is --data DIR, and see --show-config'
  throw new ServerError('server/usage', message)
}

/** No child needs what the server alone was told. */
function forgetSecrets(environment: NodeJS.ProcessEnv): void {
  for (const { name, holds } of listedServerSettings)
    if (holds) delete environment[variableOf(name)]
}
