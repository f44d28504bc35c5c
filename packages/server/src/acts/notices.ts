import {
  type AlertCount,
  alertCounts,
  type NoticeData,
  type NoticeKind,
  toTimestamp,
} from '@steadfleet/domain'
import { sendTo } from '../store/endpoint-store.ts'
import type { Db } from '../store/schema.ts'
import { type Counted, countForRules } from './alerts.ts'
import { mailTo } from './mail.ts'

/** Something that people are told. */
export interface NewNotice<K extends NoticeKind = NoticeKind> {
  readonly kind: K
  /** Empty where it concerns every fleet. */
  readonly fleet: string
  readonly data: NoticeData<K>
  readonly now: string
  /** Told only the first time that this is said. */
  readonly once?: string
}

/**
 * Keeps a notice, and what is to be sent of it, in the transaction of what it tells: neither is there without the
 * other, whatever ends the server.
 */
export async function notify<K extends NoticeKind>(db: Db, notice: NewNotice<K>): Promise<void> {
  const { kind, fleet, data, now, once = null } = notice
  const row = await db
    .insertInto('notice')
    .values({ at: now, fleet, kind, data: JSON.stringify(data), once })
    .onConflict(conflict => conflict.column('once').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!row) return
  await sendTo(db, { id: row.id, kind, fleet, now })
  await mailTo(db, { id: row.id, kind, fleet, now })
  if (!isCounted(kind)) return
  const times = kind === 'device.silent' ? (data as NoticeData<'device.silent'>).count : 1
  await count(db, { fleet, counts: kind, now, times })
}

function isCounted(kind: NoticeKind | AlertCount): kind is AlertCount {
  return alertCounts.some(one => one === kind)
}

/** Counts for the rules of a fleet; one that has seen as many as it allows is told like anything else. */
export async function count(db: Db, counted: Counted): Promise<void> {
  for (const data of await countForRules(db, counted)) {
    await notify(db, { kind: 'alert.raised', fleet: counted.fleet, data, now: counted.now })
  }
}

export interface ExpiringRole extends NoticeData<'role.expiring'> {
  readonly version: number
  readonly now: string
}

/** Tells that roles age, each once for each mark of each version. */
export async function noteExpiring(
  db: Db,
  { roles }: { readonly roles: readonly ExpiringRole[] },
): Promise<void> {
  for (const { now, version, ...data } of roles) {
    const once = `role ${data.catalogue} ${data.role} ${version} ${data.percent}`
    await notify(db, { kind: 'role.expiring', fleet: '', data, now, once })
  }
}

/** So long notices are kept, and so many at most. */
const keptMs = 30 * 86_400_000
const mostKept = 20_000

/** Forgets old notices with their deliveries; one that is told once stays, as a line without content. */
export async function pruneNotices(db: Db, { now }: { readonly now: string }): Promise<void> {
  const before = toTimestamp(new Date(Date.parse(now) - keptMs))
  const newest = await db.selectFrom('notice').select('id').orderBy('id', 'desc').executeTakeFirst()
  const lowest = (newest?.id ?? 0) - mostKept
  const old = db
    .selectFrom('notice')
    .select('id')
    .where(eb => eb.or([eb('at', '<', before), eb('id', '<=', lowest)]))
  await db.deleteFrom('delivery').where('notice', 'in', old).execute()
  await db.deleteFrom('mail_due').where('notice', 'in', old).execute()
  await db
    .deleteFrom('notice')
    .where(eb => eb.or([eb('at', '<', before), eb('id', '<=', lowest)]))
    .where('once', 'is', null)
    .execute()
}
