import { type AuditEntry, type AuditHead, emptyAudit, hashOfEntry } from '@steadfleet/protocol'
import type { Db } from './schema.ts'

/** An act that is to be written down. */
export type Act = Omit<AuditEntry, 'sequence' | 'previous' | 'hash'>

/** Writes an act down after the last one. Only the writer's thread does: there is one last one. */
export async function appendAct(db: Db, act: Act): Promise<void> {
  const head = await auditHead(db)
  const entry = { ...act, sequence: head.sequence + 1, previous: head.hash }
  await db
    .insertInto('audit')
    .values({ ...entry, hash: hashOfEntry(entry) })
    .execute()
}

export async function auditHead(db: Db): Promise<AuditHead> {
  const last = await db
    .selectFrom('audit')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  return (last as AuditHead | undefined) ?? emptyAudit
}

/** The last entry from before a moment; undefined where there is none. */
export function auditHeadBefore(db: Db, moment: string): Promise<AuditHead | undefined> {
  const before = db.selectFrom('audit').select(['sequence', 'hash']).where('at', '<', moment)
  return before.orderBy('sequence', 'desc').limit(1).executeTakeFirst() as Promise<
    AuditHead | undefined
  >
}

export interface AuditQuestion {
  readonly act?: string | undefined
  readonly by?: string | undefined
  readonly fleet?: string | undefined
  readonly subject?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

/** Entries below a number, newest first. */
export async function auditBefore(
  db: Db,
  question: AuditQuestion,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<AuditEntry[]> {
  const rows = await asked(db, question)
    .$if(before !== undefined, q => q.where('sequence', '<', before ?? 0))
    .orderBy('sequence', 'desc')
    .limit(limit)
    .execute()
  return rows as AuditEntry[]
}

const pageSize = 500

/** All entries there are now, oldest first, in pages. */
export async function* auditPages(db: Db, question: AuditQuestion): AsyncGenerator<AuditEntry[]> {
  const { sequence: last } = await auditHead(db)
  for (let after = 0; after < last; ) {
    const rows = await asked(db, question)
      .where('sequence', '>', after)
      .where('sequence', '<=', last)
      .orderBy('sequence')
      .limit(pageSize)
      .execute()
    if (rows.length === 0) return
    yield rows as AuditEntry[]
    after = rows.at(-1)?.sequence ?? last
  }
}

function asked(db: Db, { act, by, fleet, subject, since, until }: AuditQuestion) {
  return db
    .selectFrom('audit')
    .selectAll()
    .$if(act !== undefined, q => q.where('act', '=', act ?? ''))
    .$if(by !== undefined, q => q.where('by', '=', by ?? ''))
    .$if(fleet !== undefined, q => q.where('fleet', '=', fleet ?? ''))
    .$if(subject !== undefined, q => q.where('subject', '=', subject ?? ''))
    .$if(since !== undefined, q => q.where('at', '>=', since ?? ''))
    .$if(until !== undefined, q => q.where('at', '<', until ?? ''))
}
