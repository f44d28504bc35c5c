import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ServerError } from '../error.ts'
import { ifThere } from './durable.ts'

/**
 * Holds a data directory for this process alone. The lock is the kernel's, on an SQLite file, so it
 * ends with the process however that ends; `holder` only tells a second one whom it ran into.
 */
export async function lockFolder(folder: string, pid: number): Promise<Disposable> {
  const database = new DatabaseSync(join(folder, 'lock'))
  try {
    database.exec(
      'pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive; create table if not exists lock (x); commit',
    )
  } catch (cause) {
    database.close()
    const holder =
      (await ifThere(readFile(join(folder, 'holder'), 'utf8')))?.split('\n')[0] || 'unknown'
    const message = `cannot serve ${folder}: process ${holder} already does`
    throw new ServerError('server/locked', message, { folder, holder }, { cause })
  }
  await writeFile(join(folder, 'holder'), `${pid}\n`)
  return { [Symbol.dispose]: () => database.close() }
}
