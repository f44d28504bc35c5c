import type { DatabaseSync } from 'node:sqlite'
import type { Ask } from '../store/postgres-dialect.ts'
import { quoted, selectOf, type Table } from './tables.ts'

export type Row = Readonly<Record<string, string | number | null>>

/** Rows at a time: what is held in memory of either side. */
const batchRows = 1000

/** The rows of a table of SQLite in the order of its key, some at a time. */
export function* rowsHere(database: DatabaseSync, table: Table): Generator<Row[]> {
  let batch: Row[] = []
  for (const row of database.prepare(selectOf(table)).iterate()) {
    batch.push(row as Row)
    if (batch.length < batchRows) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** The same of PostgreSQL, within a transaction. */
export async function* rowsThere(ask: Ask, table: Table): AsyncGenerator<Row[]> {
  const cursor = quoted(`moved ${table.name}`)
  await ask(`declare ${cursor} cursor for ${selectOf(table)}`)
  for (;;) {
    const { rows } = await ask(`fetch ${batchRows} from ${cursor}`)
    if (rows.length === 0) break
    yield rows as Row[]
  }
  await ask(`close ${cursor}`)
}
