import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type { QueryArrayResult, QueryResult } from 'pg'
import { driverOf } from './dialect.ts'

/** Asks a PostgreSQL database something, with the values of `$1` and on. */
export type Ask = (text: string, values?: readonly unknown[]) => Promise<Answer>

export type Answer = Pick<QueryResult | QueryArrayResult, 'rows' | 'rowCount'>

/** Kysely over whatever asks PostgreSQL. Whoever opened it begins and ends transactions. */
export function overPostgres(ask: Ask): Dialect {
  const connection: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery) {
      const { rows, rowCount } = await ask(sql, parameters)
      return { rows: rows as R[], numAffectedRows: BigInt(rowCount ?? 0) }
    },
    streamQuery() {
      throw new TypeError('no query of this server streams')
    },
  }
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driverOf(connection),
    createIntrospector: db => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}
