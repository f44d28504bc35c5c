import { createHash } from 'node:crypto'
import { ServerError } from '../error.ts'
import type { Ask } from '../store/postgres-dialect.ts'
import { type Row, rowsThere } from './read-rows.ts'
import type { Table } from './tables.ts'

/** What a table holds, in two words that are the same for the same rows. */
export interface Content {
  readonly rows: number
  readonly digest: string
}

/** Counts and digests rows as they come by. */
export function makeTeller(table: Table): { tell(rows: readonly Row[]): void; told(): Content } {
  const hash = createHash('sha256')
  let count = 0
  return {
    tell(rows) {
      count += rows.length
      for (const row of rows) {
        hash.update(`${JSON.stringify(table.columns.map(column => row[column] ?? null))}\n`)
      }
    },
    told: () => ({ rows: count, digest: hash.digest('hex') }),
  }
}

export async function contentThere(ask: Ask, table: Table): Promise<Content> {
  const teller = makeTeller(table)
  for await (const rows of rowsThere(ask, table)) teller.tell(rows)
  return teller.told()
}

export function refuseDifferent({ name }: Table, here: Content, there: Content): void {
  if (here.rows === there.rows && here.digest === there.digest) return
  const message = `cannot move table ${name}: ${there.rows} rows arrived of ${here.rows}, or not as they were`
  throw new ServerError('server/not-moved', message, { table: name })
}
