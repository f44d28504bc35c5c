import type { DatabaseSync } from 'node:sqlite'
import { ServerError } from '../error.ts'
import type { Ask } from '../store/postgres-dialect.ts'
import { type Content, contentThere, makeTeller, refuseDifferent } from './content.ts'
import { rowsHere } from './read-rows.ts'
import { quoted, type Table } from './tables.ts'

export async function isEmpty(ask: Ask, tables: readonly Table[]): Promise<boolean> {
  for (const { name } of tables) {
    const { rows } = await ask(`select 1 from ${quoted(name)} limit 1`)
    if (rows.length > 0) return false
  }
  return true
}

interface Counted {
  readonly rows: number
  readonly tables: number
}

interface Copying {
  readonly tables: readonly Table[]
  readonly onProgress: (table: string, rows: number, all: number) => void
}

/** Copies every table, and compares what arrived. */
export async function copyAll(
  database: DatabaseSync,
  ask: Ask,
  { tables, onProgress }: Copying,
): Promise<Counted> {
  let rows = 0
  for (const table of tables) {
    const all = Number(
      database.prepare(`select count(*) as n from ${quoted(table.name)}`).get()?.n ?? 0,
    )
    const here = await copyTable(database, ask, table, done => onProgress(table.name, done, all))
    refuseDifferent(table, here, await contentThere(ask, table))
    rows += here.rows
  }
  return { rows, tables: tables.length }
}

async function copyTable(
  database: DatabaseSync,
  ask: Ask,
  table: Table,
  onRows: (done: number) => void,
): Promise<Content> {
  const teller = makeTeller(table)
  const name = quoted(table.name)
  const columns = table.columns.map(quoted).join(', ')
  const insert = `insert into ${name} (${columns}) select ${columns} from json_populate_recordset(null::${name}, $1)`
  let done = 0
  for (const rows of rowsHere(database, table)) {
    await ask(insert, [JSON.stringify(rows)])
    teller.tell(rows)
    done += rows.length
    onRows(done)
  }
  if (table.counter) await countOn(ask, table.name, table.counter)
  return teller.told()
}

/** No number is given out twice, not even one whose row is gone. */
async function countOn(
  ask: Ask,
  table: string,
  { column, last }: NonNullable<Table['counter']>,
): Promise<void> {
  if (last === 0) return
  await ask('select setval(pg_get_serial_sequence($1, $2), $3)', [quoted(table), column, last])
}

/** What is there already is what would be moved, or somebody else's. */
export async function compareAll(
  database: DatabaseSync,
  ask: Ask,
  tables: readonly Table[],
): Promise<Counted> {
  let rows = 0
  for (const table of tables) {
    const teller = makeTeller(table)
    for (const some of rowsHere(database, table)) teller.tell(some)
    const [here, there] = [teller.told(), await contentThere(ask, table)]
    if (here.digest !== there.digest) {
      const message = 'cannot move: the PostgreSQL database already holds something else'
      throw new ServerError('server/not-empty', message, { table: table.name })
    }
    rows += here.rows
  }
  return { rows, tables: tables.length }
}
