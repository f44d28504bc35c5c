import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readInForce } from '../catalogue/catalogue-folder.ts'
import { syncFolder } from '../disk/durable.ts'
import { ServerError } from '../error.ts'
import { shardFolder, shardsIn } from '../log/shards.ts'
import { databaseName } from '../store/place.ts'
import { connect } from '../store/postgres-connection.ts'
import { copyObjects, copySigned, isThere } from './copy-files.ts'
import { signedFolders, startFiles } from './second-store.ts'

/**
 * Makes a data directory anew from a second store. The database comes last and by one rename: while it is not
 * there, this can be begun again, and goes on where it was. The online keys are not in a second store.
 * With a PostgreSQL database, which was restored by its own means, that takes the place of the copy.
 * Errors: `server/not-empty`, `server/damaged-copy`, `server/not-initialised`.
 */
export async function restoreFrom(
  second: string,
  folder: string,
  database?: string,
): Promise<void> {
  await refuseUnfit(second, folder, database)
  await mkdir(folder, { recursive: true, mode: 0o750 })
  await copyObjects(join(second, 'objects'), join(folder, 'objects'), { check: true })
  for (const name of signedFolders) await copySigned(join(second, name), join(folder, name))
  for (const shard of await shardsIn(second)) {
    await copySigned(join(second, shardFolder(shard)), join(folder, shardFolder(shard)))
  }
  await copySigned(second, folder, startFiles)
  await refuseUnreadable(folder)
  if (database === undefined) {
    await restoreDatabase(join(second, databaseName), join(folder, databaseName))
  } else await forgetGiven(database)
}

async function refuseUnfit(second: string, folder: string, database?: string): Promise<void> {
  if (await isThere(join(folder, databaseName))) {
    const message = `cannot restore into ${folder}: a server’s database is there`
    throw new ServerError('server/not-empty', message, { folder })
  }
  const file = database === undefined ? databaseName : 'server.json'
  if (await isThere(join(second, file))) return
  const message = `cannot restore from ${second}: no ${file} is in it`
  throw new ServerError('server/not-initialised', message, { folder: second })
}

async function refuseUnreadable(folder: string): Promise<void> {
  const further = await readdir(join(folder, 'catalogues')).catch(() => [])
  for (const place of ['catalogue', ...further.map(name => join('catalogues', name))]) {
    try {
      await readInForce(join(folder, place), 'skipped')
    } catch (cause) {
      const message = `cannot restore ${place}: its files are no catalogue`
      throw new ServerError('server/damaged-copy', message, { path: place }, { cause })
    }
  }
}

/**
 * A device may hold orders that came after the copy: none of the copy's counts as given, so that each device
 * which holds one as new or newer is sent another above it.
 */
async function restoreDatabase(from: string, to: string): Promise<void> {
  const draft = `${to}.new`
  await rm(draft, { force: true })
  await copyFile(from, draft)
  const database = new DatabaseSync(draft)
  try {
    const [check] = database.prepare('pragma integrity_check').all()
    if (check?.integrity_check !== 'ok') throw damaged(from)
    database.exec('pragma journal_mode = delete; update device_order set given = 0')
  } catch (cause) {
    if (cause instanceof ServerError) throw cause
    throw damaged(from, cause)
  } finally {
    database.close()
  }
  const file = await open(draft, 'r+')
  await file.sync().finally(() => file.close())
  await rename(draft, to)
  await syncFolder(join(to, '..'))
}

/** The same, of a database that is in use as it is. */
async function forgetGiven(database: string): Promise<void> {
  await using connection = await connect(database)
  await connection.ask('update device_order set given = 0')
}

function damaged(path: string, cause?: unknown): ServerError {
  const message = `cannot restore ${path}: the database is damaged`
  return new ServerError('server/damaged-copy', message, { path }, { cause })
}
