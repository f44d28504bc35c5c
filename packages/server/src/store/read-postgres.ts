import { Kysely } from 'kysely'
import { openReaders } from './postgres-connection.ts'
import { overPostgres } from './postgres-dialect.ts'
import type { Database, Db } from './schema.ts'

/** Questions to a PostgreSQL database, a few at a time. */
export function readPostgres(url: string): { readonly db: Db; close(): Promise<void> } {
  const readers = openReaders(url)
  return {
    db: new Kysely<Database>({ dialect: overPostgres(readers.ask) }),
    close: async () => readers[Symbol.asyncDispose](),
  }
}
