import type { AlertCount, FleetName } from '@steadfleet/domain'
import { unknown } from '../error.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import type { Db } from '../store/schema.ts'

export interface NewAlertRule {
  readonly fleet: string
  readonly name: string
  readonly counts: AlertCount
  readonly atLeast: number
  readonly withinSeconds: number
}

/** A standing rule of a fleet; one of that name is replaced, and counts anew. */
export async function putAlertRule(db: Db, rule: NewAlertRule): Promise<void> {
  const { fleet, name, counts, atLeast: at_least, withinSeconds: within_seconds } = rule
  await fleetNamed(db, fleet)
  await db.deleteFrom('alert_count').where('fleet', '=', fleet).where('rule', '=', name).execute()
  const values = { counts, at_least, within_seconds, raised_at: null }
  await db
    .insertInto('alert_rule')
    .values({ fleet, name, ...values })
    .onConflict(conflict => conflict.columns(['fleet', 'name']).doUpdateSet(values))
    .execute()
}

export async function removeAlertRule(
  db: Db,
  { fleet, name }: { readonly fleet: string; readonly name: string },
): Promise<void> {
  await db.deleteFrom('alert_count').where('fleet', '=', fleet).where('rule', '=', name).execute()
  const gone = await db
    .deleteFrom('alert_rule')
    .where('fleet', '=', fleet)
    .where('name', '=', name)
    .returning('name')
    .executeTakeFirst()
  if (!gone) throw unknown('alert/unknown', `alert rule ${name} in fleet ${fleet}`, { rule: name })
}

/** Something that rules count, so many times at once. */
export interface Counted {
  readonly fleet: string
  readonly counts: AlertCount
  readonly now: string
  readonly times: number
}

/** What a rule found; told once for each window. */
export interface Raised {
  readonly fleet: FleetName
  readonly rule: string
  readonly counts: string
  readonly seen: number
  readonly 'within-seconds': number
}

const minute = 60

/** Counts for every rule of it, by the minute, and answers the rules that have now seen as many as they allow. */
export async function countForRules(db: Db, counted: Counted): Promise<Raised[]> {
  const { fleet, counts, now, times } = counted
  const rules = await db
    .selectFrom('alert_rule')
    .selectAll()
    .where('fleet', '=', fleet)
    .where('counts', '=', counts)
    .execute()
  const seconds = Math.floor(Date.parse(now) / 1000)
  const raised: Raised[] = []
  for (const { name, at_least, within_seconds, raised_at } of rules) {
    const seen = await count(db, { fleet, rule: name, seconds, within: within_seconds, times })
    const isTold = raised_at !== null && Date.parse(raised_at) / 1000 > seconds - within_seconds
    if (seen < at_least || isTold) continue
    await db
      .updateTable('alert_rule')
      .set({ raised_at: now })
      .where('fleet', '=', fleet)
      .where('name', '=', name)
      .execute()
    const whose = { fleet: fleet as FleetName, rule: name, counts }
    raised.push({ ...whose, seen, 'within-seconds': within_seconds })
  }
  return raised
}

interface Bucket {
  readonly fleet: string
  readonly rule: string
  readonly seconds: number
  readonly within: number
  readonly times: number
}

async function count(db: Db, { fleet, rule, seconds, within, times }: Bucket): Promise<number> {
  const at = seconds - (seconds % minute)
  await db
    .deleteFrom('alert_count')
    .where('fleet', '=', fleet)
    .where('rule', '=', rule)
    .where('at', '<=', seconds - within - minute)
    .execute()
  await db
    .insertInto('alert_count')
    .values({ fleet, rule, at, count: times })
    .onConflict(conflict =>
      conflict
        .columns(['fleet', 'rule', 'at'])
        .doUpdateSet(eb => ({ count: eb('alert_count.count', '+', times) })),
    )
    .execute()
  const rows = await db
    .selectFrom('alert_count')
    .select('count')
    .where('fleet', '=', fleet)
    .where('rule', '=', rule)
    .execute()
  return rows.reduce((sum, row) => sum + row.count, 0)
}
