import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { nodeSqlite } from './dialect.ts'
import { migrate } from './migrations.ts'
import type { Database } from './schema.ts'
import type { Writing } from './writer.ts'

/** Writes to a file of SQLite, which it brings to the newest shape. */
export function writeSqlite(path: string): Writing {
  const database = openForWriting(path)
  const says = (sql: string) => {
    const statement = database.prepare(sql)
    return async () => void statement.run()
  }
  return {
    db: new Kysely<Database>({ dialect: nodeSqlite(database) }),
    begin: says('begin immediate'),
    commit: says('commit'),
    async rollback() {
      if (database.isTransaction) database.exec('rollback')
    },
    savepoint: says('savepoint command'),
    release: says('release command'),
    undo: async () => database.exec('rollback to command; release command'),
    close: async () => database.close(),
  }
}

export function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
  migrate(database)
  return database
}
