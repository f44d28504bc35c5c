import { migrations, refuseNewer } from './migrations.ts'
import type { Ask } from './postgres-dialect.ts'
import { toPostgres } from './to-postgres.ts'

/**
 * Held by whoever writes, for as long as a transaction: all writers of a database, of whatever process, go one
 * after the other. The number is ours alone; it means nothing.
 */
export const writersLock = 7_310_581

/** Brings a database to the newest shape, all steps or none; one process at a time. Refuses a newer one. */
export async function migratePostgres(ask: Ask): Promise<void> {
  await ask('begin')
  try {
    await ask(`select pg_advisory_xact_lock(${writersLock})`)
    await ask('create table if not exists schema_version (version bigint not null)')
    const held = await heldVersion(ask)
    for (const step of migrations.slice(held)) {
      if (typeof step === 'string') await ask(toPostgres(step))
      else await step.postgres(ask)
    }
    await ask('delete from schema_version')
    await ask('insert into schema_version values ($1)', [migrations.length])
    await ask('commit')
  } catch (fault) {
    await ask('rollback').catch(() => undefined)
    throw fault
  }
}

/** The version that a database is at; refuses one that is newer than this server. */
export async function heldVersion(ask: Ask): Promise<number> {
  const { rows } = await ask('select version from schema_version')
  const [{ version: held } = { version: 0 }] = rows as { version: number }[]
  refuseNewer(held)
  return held
}
