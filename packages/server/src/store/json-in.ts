import { PostgresAdapter, type RawBuilder, sql } from 'kysely'
import type { Db } from './schema.ts'

/** Whether a database is PostgreSQL: asked where its SQL and SQLite's have no words in common. */
export function isPostgres(db: Db): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}

/** A member of the JSON in a column, as text; null where it is not there. */
export function textIn(
  db: Db,
  column: string,
  ...path: readonly string[]
): RawBuilder<string | null> {
  const from = sql.ref(column)
  return isPostgres(db)
    ? sql`${from}::json #>> ${sql.lit(`{${path.join(',')}}`)}`
    : sql`${from} ->> ${sql.lit(`$.${path.join('.')}`)}`
}

/** The elements of an array in the JSON of a column, to be joined: each is the column `value` of `name`. */
export function elementsIn(
  db: Db,
  column: string,
  member: string,
  name: string,
): RawBuilder<never> {
  const from = sql.ref(column)
  return isPostgres(db)
    ? sql`json_array_elements(${from}::json -> ${sql.lit(member)}) as ${sql.ref(name)}(value)`
    : sql`json_each(${from}, ${sql.lit(`$.${member}`)}) as ${sql.ref(name)}`
}
