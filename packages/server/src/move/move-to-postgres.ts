import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AuditEntry, verifyAudit } from '@steadfleet/protocol'
import { Kysely } from 'kysely'
import { lockFolder } from '../disk/lock.ts'
import { ServerError } from '../error.ts'
import { auditPages } from '../store/audit-store.ts'
import { databaseName, isPostgresPlace, movedName } from '../store/place.ts'
import { connect } from '../store/postgres-connection.ts'
import { type Ask, overPostgres } from '../store/postgres-dialect.ts'
import { bringUp, inTransaction } from '../store/postgres-shape.ts'
import type { Database } from '../store/schema.ts'
import { compareAll, copyAll, isEmpty } from './copy-tables.ts'
import { openSource } from './source.ts'
import { tablesOf } from './tables.ts'

export interface MoveOptions {
  readonly folder: string
  /** The URL of the PostgreSQL database. */
  readonly to: string
  readonly pid: number
  readonly now: () => Date
  /** Told how far a table is. */
  readonly onProgress: (table: string, rows: number, all: number) => void
}

export interface Moved {
  readonly rows: number
  readonly tables: number
  /** Whether an earlier move had already brought everything there. */
  readonly wasThere: boolean
}

/**
 * Brings all that `steadfleet.db` holds into an empty PostgreSQL database, checked row by row, or nothing of it: one transaction.
 * The file stays as it was. Errors: `server/locked` while a server runs, `server/not-initialised`, `server/not-empty`,
 * `server/not-moved`, `server/newer-data`, `server/usage`, `database/unavailable`.
 */
export async function moveToPostgres(options: MoveOptions): Promise<Moved> {
  const { folder, to, pid, now } = options
  refuseUnfit(folder, to)
  using _lock = await lockFolder(folder, pid)
  await using source = await openSource(folder)
  await using connection = await connect(to)
  const moved = await inTransaction(connection.ask, async () => {
    await bringUp(connection.ask)
    const tables = tablesOf(source.database)
    const wasThere = !(await isEmpty(connection.ask, tables))
    const counted = wasThere
      ? await compareAll(source.database, connection.ask, tables)
      : await copyAll(source.database, connection.ask, { ...options, tables })
    await verifyChain(connection.ask)
    return { ...counted, wasThere }
  })
  // From here on whoever starts the server on the file by mistake is told.
  await writeFile(join(folder, movedName), `${JSON.stringify({ at: now().toISOString() })}\n`)
  return moved
}

function refuseUnfit(folder: string, to: string): void {
  if (!isPostgresPlace(to)) {
    throw new ServerError('server/usage', 'cannot move: say where to with a postgres:// URL')
  }
  if (existsSync(join(folder, databaseName))) return
  const message = `cannot move: no ${databaseName} is in ${folder}`
  throw new ServerError('server/not-initialised', message, { folder })
}

async function verifyChain(ask: Ask): Promise<void> {
  const db = new Kysely<Database>({ dialect: overPostgres(ask) })
  async function* entries(): AsyncGenerator<AuditEntry> {
    for await (const page of auditPages(db, {})) yield* page
  }
  await verifyAudit(entries())
}
