import { type NoticeKind, toTimestamp } from '@steadfleet/domain'
import { everyFleet, hasNeed, type Role } from '@steadfleet/protocol'
import type { Db } from '../store/schema.ts'

/** What comes within this time of the first is one mail with it. */
const gatherMs = 60_000
/** And after a mail the next one waits so long. */
const quietMs = 600_000

export interface MailChoice {
  readonly person: string
  readonly address: string
  /** Empty for no mail at all. */
  readonly kinds: readonly NoticeKind[]
}

export async function chooseMail(db: Db, { person, address, kinds }: MailChoice): Promise<void> {
  const chosen = { address, kinds: JSON.stringify(kinds) }
  await db.deleteFrom('mail_due').where('person', '=', person).execute()
  if (kinds.length === 0) {
    await db.deleteFrom('mail_choice').where('person', '=', person).execute()
    return
  }
  await db
    .insertInto('mail_choice')
    .values({ person, ...chosen, due_at: null, quiet_until: '', attempts: 0, said: '' })
    .onConflict(conflict =>
      conflict.column('person').doUpdateSet({ ...chosen, due_at: null, attempts: 0, said: '' }),
    )
    .execute()
}

interface Told {
  readonly id: number
  readonly kind: NoticeKind
  readonly fleet: string
  readonly now: string
}

/** Makes a notice due to everyone who chose its kind and may see its fleet. */
export async function mailTo(db: Db, { id, kind, fleet, now }: Told): Promise<void> {
  const choices = await db
    .selectFrom('mail_choice')
    .innerJoin('membership', 'membership.person', 'mail_choice.person')
    .select(['mail_choice.person', 'kinds', 'due_at', 'quiet_until', 'role'])
    .$if(fleet !== '', q => q.where('membership.fleet', 'in', [everyFleet, fleet]))
    .execute()
  const told = new Set<string>()
  for (const { person, kinds, due_at, quiet_until, role } of choices) {
    const isChosen = (JSON.parse(kinds) as string[]).includes(kind)
    if (!isChosen || told.has(person) || !hasNeed(role as Role, 'fleet:read')) continue
    told.add(person)
    await db.insertInto('mail_due').values({ person, notice: id }).execute()
    if (due_at !== null) continue
    const due = toTimestamp(new Date(Math.max(Date.parse(now) + gatherMs, quietOf(quiet_until))))
    await db.updateTable('mail_choice').set({ due_at: due }).where('person', '=', person).execute()
  }
}

function quietOf(until: string): number {
  return until === '' ? 0 : Date.parse(until)
}

/** One mail to send, taken by whoever asked for it. */
export interface ClaimedMail {
  readonly person: string
  readonly address: string
  readonly attempts: number
  /** How many notices it tells; the newest are in it. */
  readonly count: number
  readonly last: number
  readonly notices: readonly { at: string; kind: NoticeKind; data: string }[]
}

/** So many are told in one mail; of the others how many there are. */
const mostTold = 50

export async function claimMail(
  db: Db,
  { now, until }: { readonly now: string; readonly until: string },
): Promise<ClaimedMail[]> {
  const due = await db
    .updateTable('mail_choice')
    .set({ due_at: until })
    .where('due_at', '<=', now)
    .returning(['person', 'address', 'attempts'])
    .execute()
  return Promise.all(due.map(async one => ({ ...one, ...(await toldTo(db, one.person)) })))
}

async function toldTo(db: Db, person: string) {
  const rows = await db
    .selectFrom('mail_due')
    .innerJoin('notice', 'notice.id', 'mail_due.notice')
    .select(['notice.id', 'notice.at', 'notice.kind', 'notice.data'])
    .where('person', '=', person)
    .orderBy('notice.id', 'desc')
    .execute()
  const notices = rows.slice(0, mostTold)
  return {
    ...{ count: rows.length, last: rows[0]?.id ?? 0 },
    notices: notices.map(({ at, kind, data }) => ({ at, kind: kind as NoticeKind, data })),
  }
}

export interface SettledMail {
  readonly person: string
  readonly last: number
  /** What hindered it; empty where it was taken. */
  readonly said: string
  readonly now: string
  /** When it is tried again, where it was not; null: never. */
  readonly nextAt: string | null
}

/** What was sent is due no more; what came meanwhile waits for its time. */
export async function settleMail(db: Db, settled: SettledMail): Promise<void> {
  const { person, last, said, now, nextAt } = settled
  const isOver = said === '' || nextAt === null
  if (!isOver) {
    await db
      .updateTable('mail_choice')
      .set(eb => ({ due_at: nextAt, said, attempts: eb('attempts', '+', 1) }))
      .where('person', '=', person)
      .execute()
    return
  }
  const quiet_until = toTimestamp(new Date(Date.parse(now) + quietMs))
  await db.deleteFrom('mail_due').where('person', '=', person).where('notice', '<=', last).execute()
  const left = await db
    .selectFrom('mail_due')
    .select('notice')
    .where('person', '=', person)
    .executeTakeFirst()
  await db
    .updateTable('mail_choice')
    .set({ due_at: left ? quiet_until : null, quiet_until, attempts: 0, said })
    .where('person', '=', person)
    .execute()
}
