import type { DatabaseSync } from 'node:sqlite'

/** A table, and what puts its rows in one order on both sides. */
export interface Table {
  readonly name: string
  readonly columns: readonly string[]
  /** Its primary key. */
  readonly key: readonly string[]
  /** The column that counts by itself, and how far it has. */
  readonly counter: { readonly column: string; readonly last: number } | undefined
}

/** All tables of a database in the order in which they were made: whoever refers to another comes after it. */
export function tablesOf(database: DatabaseSync): Table[] {
  const named = database
    .prepare(
      "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by rowid",
    )
    .all()
  const counters = new Map(
    database
      .prepare('select name, seq from sqlite_sequence')
      .all()
      .map(({ name, seq }) => [String(name), Number(seq)]),
  )
  return named.map(({ name }) => tableNamed(database, String(name), counters))
}

function tableNamed(
  database: DatabaseSync,
  name: string,
  counters: ReadonlyMap<string, number>,
): Table {
  const rows = database
    .prepare('select name, pk from pragma_table_info(?) order by cid')
    .all(name)
    .map(row => ({ column: String(row.name), place: Number(row.pk) }))
  const key = rows
    .filter(({ place }) => place > 0)
    .sort((one, other) => one.place - other.place)
    .map(({ column }) => column)
  const last = counters.get(name)
  const [column = ''] = key
  return {
    ...{ name, key, columns: rows.map(row => row.column) },
    counter: last === undefined ? undefined : { column, last },
  }
}

/** A name as both databases quote it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** All rows in the order of the key, with the columns in theirs. */
export function selectOf({ name, columns, key }: Table): string {
  const [selected, ordered] = [columns, key].map(names => names.map(quoted).join(', '))
  return `select ${selected} from ${quoted(name)} order by ${ordered}`
}
