import type { Compilable, CompiledQuery, QueryResult } from 'kysely'
import type { Db } from './schema.ts'

/** Stands for a value in a query that is built once. */
class Hole {
  readonly name: PropertyKey

  constructor(name: PropertyKey) {
    this.name = name
  }
}

/** A query that is built once for each database, and then only given its values. */
export type Prepared<Input, Row> = (db: Db, input: Input) => Promise<QueryResult<Row>>

/**
 * For what is asked a thousand times a second: to build a query costs several times what it takes to answer it.
 * `build` says where the values go.
 *
 * @example prepare((db, hole) => db.selectFrom('device').select('name').where('id', '=', hole('device')))
 */
export function prepare<Input extends object, Row>(
  build: (db: Db, hole: <K extends keyof Input>(name: K) => Input[K]) => Compilable<Row>,
): Prepared<Input, Row> {
  const built = new WeakMap<Db, CompiledQuery<Row>>()
  return (db, input) => {
    const query = built.get(db) ?? build(db, name => new Hole(name) as never).compile()
    built.set(db, query)
    const parameters = query.parameters.map(one =>
      one instanceof Hole ? input[one.name as keyof Input] : one,
    )
    return db.executeQuery({ ...query, parameters })
  }
}
