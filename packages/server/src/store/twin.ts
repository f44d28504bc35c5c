import type { DatabaseSync } from 'node:sqlite'
import type { Ask } from './postgres-dialect.ts'
import { toPostgres } from './to-postgres.ts'

/** A step of the database's shape that the two databases say otherwise. */
export interface Twin {
  sqlite(database: DatabaseSync): void
  postgres(ask: Ask): Promise<void>
}

/** What both take after translation, and between it what each has its own words for. */
export function twin(...parts: readonly (string | Words)[]): Twin {
  return {
    sqlite(database) {
      for (const part of parts) database.exec(typeof part === 'string' ? part : part.sqlite)
    },
    async postgres(ask) {
      for (const part of parts) {
        await ask(typeof part === 'string' ? toPostgres(part) : part.postgres)
      }
    },
  }
}

type Words = Readonly<Record<'sqlite' | 'postgres', string>>
