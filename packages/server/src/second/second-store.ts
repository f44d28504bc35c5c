import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { isCoded } from '@steadfleet/base'
import type { Logger } from 'pino'
import { syncFolder } from '../disk/durable.ts'
import { ServerError } from '../error.ts'
import { databaseName, isPostgresPlace, movedName } from '../store/place.ts'
import { copyObjects, copySigned } from './copy-files.ts'

/** What the second store holds of a data directory, beside the log and the signer's numbers. */
export const signedFolders = ['catalogue', 'catalogues', 'owner', 'mud'] as const
export const startFiles = ['server.json', 'log.json', movedName] as const

/** A copy elsewhere of all that a server needs to go on after the loss of its disk. */
export interface SecondStore extends Disposable {
  /** Resolves when every object that is here now is there too. */
  keepObjects(): Promise<void>
  /**
   * Resolves when objects, signed files and the database are there as they are now, or newer; a database of
   * PostgreSQL is kept twice by its own means. Errors:
   * `server/second-store`; `server/no-second-store` where there is none and somebody asked for it.
   */
  keepAll(why?: 'asked'): Promise<void>
}

/** Where no second store is configured nothing waits for it. */
export const noSecondStore: SecondStore = {
  keepObjects: async () => undefined,
  async keepAll(why) {
    if (why === undefined) return
    const message = 'cannot back up: the server was started without --second-store'
    throw new ServerError('server/no-second-store', message)
  },
  [Symbol.dispose]: () => undefined,
}

/** What nobody waits for is copied this often: reports, channels, settings. */
const everyMs = 60_000

export function openSecondStore(
  folder: string,
  second: string,
  { database, logger }: { readonly database: string; readonly logger: Pick<Logger, 'error'> },
): SecondStore {
  const keepObjects = shared(() =>
    orUnreachable(
      second,
      copyObjects(join(folder, 'objects'), join(second, 'objects'), { check: false }),
    ),
  )
  const keepFleet = shared(() => orUnreachable(second, copyFleet(folder, second, database)))
  const keepAll = async (): Promise<void> => {
    // What is signed names objects: they are there first.
    await keepObjects()
    await keepFleet()
  }
  const timer = setInterval(() => {
    keepAll().catch(fault =>
      logger.error({ err: fault }, 'cannot keep the second store up to date'),
    )
  }, everyMs)
  timer.unref()
  return { keepObjects, keepAll, [Symbol.dispose]: () => clearInterval(timer) }
}

/** The database first: what it knows was signed, and what is signed may be noted again, never the reverse. */
async function copyFleet(folder: string, second: string, database: string): Promise<void> {
  if (!isPostgresPlace(database))
    await copyDatabase(join(folder, databaseName), join(second, databaseName))
  for (const name of signedFolders) await copySigned(join(folder, name), join(second, name))
  await copySigned(folder, second, startFiles)
}

/** As it was at one moment, while others write to it; the copy that was there stays until this one is whole. */
async function copyDatabase(from: string, to: string): Promise<void> {
  const draft = `${to}.new`
  await rm(draft, { force: true })
  const source = new DatabaseSync(from, { readOnly: true })
  try {
    // In one step: a writer between two would begin it anew.
    await backup(source, draft, { rate: 2 ** 31 - 1 })
  } finally {
    source.close()
  }
  const file = await open(draft, 'r+')
  try {
    await file.chmod(0o600)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, to)
  await syncFolder(join(to, '..'))
}

/** One deed at a time; all who ask while it is done share the next one, which begins after they asked. */
function shared(deed: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const run = (): Promise<void> => {
    running = deed().finally(() => {
      running = undefined
    })
    return running
  }
  return () => {
    if (running === undefined) return run()
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return run()
      })
    return next
  }
}

async function orUnreachable(folder: string, deed: Promise<void>): Promise<void> {
  try {
    await deed
  } catch (cause) {
    if (isCoded(cause)) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `cannot keep the second store ${folder}: ${why}`
    throw new ServerError('server/second-store', message, {}, { cause })
  }
}
