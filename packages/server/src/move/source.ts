import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { migrations } from '../store/migrations.ts'
import { databaseName } from '../store/place.ts'
import { openForWriting } from '../store/write-sqlite.ts'

/** The database as it is; where an earlier server left it, a copy that is brought to the newest shape. */
export async function openSource(
  folder: string,
): Promise<AsyncDisposable & { readonly database: DatabaseSync }> {
  const held = new DatabaseSync(join(folder, databaseName), { readOnly: true })
  const version = Number(held.prepare('pragma user_version').get()?.user_version ?? 0)
  if (version === migrations.length) {
    return { database: held, [Symbol.asyncDispose]: async () => held.close() }
  }
  const copy = join(folder, `${databaseName}.moving`)
  const removeCopy = () =>
    Promise.all(['', '-wal', '-shm'].map(end => rm(`${copy}${end}`, { force: true })))
  await removeCopy()
  await backup(held, copy)
  held.close()
  const database = openForWriting(copy)
  return {
    database,
    async [Symbol.asyncDispose]() {
      database.close()
      await removeCopy()
    },
  }
}
