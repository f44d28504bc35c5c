import { migrations, refuseNewer } from './migrations.ts'
import type { Ask } from './postgres-dialect.ts'
import { toPostgres } from './to-postgres.ts'

/**
 * Held by whoever writes, for as long as a transaction: all writers of a database, of whatever process, go one
 * after the other. The number is ours alone; it means nothing.
 */
export const writersLock = 7_310_581

/** Brings a database to the newest shape, all steps or none; one process at a time. Refuses a newer one. */
export function migratePostgres(ask: Ask): Promise<void> {
  return inTransaction(ask, () => bringUp(ask))
}

/** A deed in a transaction of its own, in which nobody else writes. */
export async function inTransaction<T>(ask: Ask, deed: () => Promise<T>): Promise<T> {
  await ask(`begin; select pg_advisory_xact_lock(${writersLock})`)
  try {
    const done = await deed()
    await ask('commit')
    return done
  } catch (fault) {
    await ask('rollback').catch(() => undefined)
    throw fault
  }
}

/** The steps that are missing, within a transaction. */
export async function bringUp(ask: Ask): Promise<void> {
  await ask('create table if not exists schema_version (version bigint not null)')
  const held = await heldVersion(ask)
  for (const step of migrations.slice(held)) {
    if (typeof step === 'string') await ask(toPostgres(step))
    else await step.postgres(ask)
  }
  await ask('delete from schema_version')
  await ask('insert into schema_version values ($1)', [migrations.length])
}

/** The version that a database is at; refuses one that is newer than this server. */
export async function heldVersion(ask: Ask): Promise<number> {
  const { rows } = await ask('select version from schema_version')
  const [{ version: held } = { version: 0 }] = rows as { version: number }[]
  refuseNewer(held)
  return held
}
