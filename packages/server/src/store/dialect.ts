import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

/** Kysely over one open `node:sqlite` database. Whoever opened it begins and ends transactions. */
export function nodeSqlite(database: DatabaseSync): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driverOf(connectionOf(database)),
    createIntrospector: db => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

function connectionOf(database: DatabaseSync): DatabaseConnection {
  const statements = new Map<string, { statement: StatementSync; hasRows: boolean }>()
  const prepare = (sql: string) => {
    const held = statements.get(sql)
    if (held) return held
    const statement = database.prepare(sql)
    const made = { statement, hasRows: statement.columns().length > 0 }
    statements.set(sql, made)
    return made
  }
  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { statement, hasRows } = prepare(sql)
      const values = parameters as readonly SQLInputValue[]
      if (hasRows) return { rows: statement.all(...values) as R[] }
      const { changes, lastInsertRowid } = statement.run(...values)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    },
    streamQuery() {
      throw new TypeError('no query of this server streams')
    },
  }
}

/** A driver of one connection that is always there. */
export function driverOf(connection: DatabaseConnection): Driver {
  const outside = async (): Promise<void> => {
    throw new TypeError('transactions are the writer thread’s own')
  }
  const nothing = async (): Promise<void> => undefined
  return {
    init: nothing,
    acquireConnection: async () => connection,
    beginTransaction: outside,
    commitTransaction: outside,
    rollbackTransaction: outside,
    releaseConnection: nothing,
    destroy: nothing,
  }
}
