import type { Db } from './schema.ts'

/** How long counts are kept, and how finely: by the hour for three days, by the day for a year, then by 30 days. */
export const thinning: readonly { readonly seconds: number; readonly keptSeconds: number }[] = [
  { seconds: 3600, keptSeconds: 3 * 86_400 },
  { seconds: 86_400, keptSeconds: 366 * 86_400 },
  { seconds: 30 * 86_400, keptSeconds: Number.POSITIVE_INFINITY },
]

/** Counts one more at `now`; with the first of an hour what is old is thinned. */
export async function countDefect(db: Db, defect: number, now: string): Promise<void> {
  const seconds = Math.floor(Date.parse(now) / 1000)
  const at = seconds - (seconds % 3600)
  const counted = await db
    .updateTable('defect_count')
    .set(eb => ({ count: eb('count', '+', 1) }))
    .where('defect', '=', defect)
    .where('at', '=', at)
    .where('seconds', '=', 3600)
    .returning('at')
    .executeTakeFirst()
  if (counted) return
  await db.insertInto('defect_count').values({ defect, at, seconds: 3600, count: 1 }).execute()
  await thin(db, defect, seconds)
}

async function thin(db: Db, defect: number, now: number): Promise<void> {
  for (const [i, { seconds, keptSeconds }] of thinning.entries()) {
    const next = thinning[i + 1]
    if (!next) return
    const old = await db
      .deleteFrom('defect_count')
      .where('defect', '=', defect)
      .where('seconds', '=', seconds)
      .where('at', '<', now - keptSeconds)
      .returning(['at', 'count'])
      .execute()
    for (const { at, count } of old) {
      const from = at - (at % next.seconds)
      await db
        .insertInto('defect_count')
        .values({ defect, at: from, seconds: next.seconds, count })
        .onConflict(conflict =>
          conflict
            .columns(['defect', 'at', 'seconds'])
            .doUpdateSet(eb => ({ count: eb('defect_count.count', '+', count) })),
        )
        .execute()
    }
  }
}
