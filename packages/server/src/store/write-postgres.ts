import { Kysely } from 'kysely'
import { ServerError } from '../error.ts'
import { type Connection, connect } from './postgres-connection.ts'
import { overPostgres } from './postgres-dialect.ts'
import { heldVersion, migratePostgres, writersLock } from './postgres-shape.ts'
import type { Database } from './schema.ts'
import type { Writing } from './writer.ts'

/** Nothing is answered before it is on the disk, whatever the database is set to; nobody is waited for without end. */
const manners = `
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
  set lock_timeout = '20s';
  set idle_in_transaction_session_timeout = '60s'`

/**
 * Writes to a PostgreSQL database, which it brings to the newest shape. A connection that is lost costs the group that
 * was under way; the next one is given a new connection.
 */
export async function writePostgres(url: string): Promise<Writing> {
  let connection: Connection | undefined = await open(url)
  await migratePostgres(connection.ask)
  const ask: Connection['ask'] = (text, values) => {
    if (connection?.isOpen()) return connection.ask(text, values)
    throw new ServerError('database/unavailable', 'cannot reach the database now')
  }
  const say = async (text: string): Promise<void> => void (await ask(text))
  const leave = async (): Promise<void> => {
    await connection?.[Symbol.asyncDispose]()
    connection = undefined
  }
  return {
    db: new Kysely<Database>({ dialect: overPostgres(ask) }),
    async begin() {
      if (!connection?.isOpen()) connection = await open(url)
      await say(`begin; select pg_advisory_xact_lock(${writersLock})`)
      // A newer server may have come up beside this one.
      await heldVersion(ask)
    },
    commit: () => say('commit'),
    async rollback() {
      // Whoever cannot even undo begins anew.
      await say('rollback').catch(leave)
    },
    savepoint: () => say('savepoint command'),
    release: () => say('release command'),
    undo: () => say('rollback to command; release command'),
    close: leave,
  }
}

async function open(url: string): Promise<Connection> {
  const connection = await connect(url)
  await connection.ask(manners)
  return connection
}
