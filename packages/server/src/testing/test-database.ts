import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { nodeSqlite } from '../store/dialect.ts'
import { migrate } from '../store/migrations.ts'
import { connect } from '../store/postgres-connection.ts'
import { overPostgres } from '../store/postgres-dialect.ts'
import type { Database, Db } from '../store/schema.ts'
import { writePostgres } from '../store/write-postgres.ts'

type Row = Readonly<Record<string, string | number | null>>

/** A database of one test: a file of SQLite, or one of PostgreSQL where STEADFLEET_TEST_DATABASE names a server. */
export interface TestDatabase extends AsyncDisposable {
  /** As a store is opened with it. */
  readonly place: string
  /** What tells a server process of it. */
  readonly environment: Readonly<Record<string, string>>
  /** Opens it beside whoever serves it, as somebody who has the machine. */
  open(): Promise<OpenDatabase>
}

export interface OpenDatabase extends AsyncDisposable {
  readonly db: Db
  /** Statements in words that both know. */
  run(sql: string): Promise<void>
  all(sql: string): Promise<Row[]>
}

/** The PostgreSQL server that tests use, as the URL of its own database; none is SQLite. */
const server = (): string | undefined => process.env.STEADFLEET_TEST_DATABASE
export const isOverPostgres: boolean = server() !== undefined

/** What is for one database alone is skipped over the other, with this reason. */
export const ofSqliteAlone = isOverPostgres ? 'of SQLite’s file alone' : false

export async function makeTestDatabase(folder: string): Promise<TestDatabase> {
  const url = server()
  return url === undefined ? sqliteIn(folder) : postgresAt(url)
}

function sqliteIn(folder: string): TestDatabase {
  const place = join(folder, 'steadfleet.db')
  return {
    ...{ place, environment: {} },
    open: async () => openSqlite(new DatabaseSync(place)),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function openSqlite(database: DatabaseSync): OpenDatabase {
  return {
    db: new Kysely<Database>({ dialect: nodeSqlite(database) }),
    run: async sql => database.exec(sql),
    all: async sql => database.prepare(sql).all() as Row[],
    [Symbol.asyncDispose]: async () => database.close(),
  }
}

async function postgresAt(server: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await said(server, `create database ${name}`)
  const place = server.replace('/postgres?', `/${name}?`)
  return {
    ...{ place, environment: { STEADFLEET_SERVER_DATABASE: place } },
    open: () => openPostgres(place),
    [Symbol.asyncDispose]: () => said(server, `drop database ${name} with (force)`),
  }
}

async function openPostgres(place: string): Promise<OpenDatabase> {
  const connection = await connect(place)
  return {
    db: new Kysely<Database>({ dialect: overPostgres(connection.ask) }),
    run: async sql => void (await connection.ask(sql)),
    all: async sql => (await connection.ask(sql)).rows as Row[],
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}

/** One of its own for a test that opens no store: of SQLite in memory alone. */
export async function openMigrated(): Promise<OpenDatabase> {
  const url = server()
  if (url === undefined) {
    const database = new DatabaseSync(':memory:')
    migrate(database)
    return openSqlite(database)
  }
  const made = await postgresAt(url)
  await (await writePostgres(made.place)).close()
  const opened = await made.open()
  return {
    ...opened,
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]()
      await made[Symbol.asyncDispose]()
    },
  }
}

async function said(place: string, sql: string): Promise<void> {
  await using connection = await connect(place)
  await connection.ask(sql)
}
