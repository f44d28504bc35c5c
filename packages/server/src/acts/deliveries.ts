import type { NoticeKind } from '@steadfleet/domain'
import type { Db } from '../store/schema.ts'
import { giveUp } from './endpoints.ts'
import { notify } from './notices.ts'

/** One thing to send, taken by whoever asked for it. */
export interface Claimed {
  readonly delivery: number
  readonly attempts: number
  readonly endpoint: string
  readonly url: string
  /** The keys that sign, the newest first. */
  readonly secrets: readonly string[]
  readonly notice: {
    readonly id: number
    readonly at: string
    readonly kind: NoticeKind
    readonly data: string
  }
}

interface Claim {
  readonly now: string
  /** Whoever took it and says nothing until then is taken to be gone. */
  readonly until: string
  readonly most: number
}

/** Takes what is due, so that no other process sends it meanwhile. */
export async function claimDeliveries(db: Db, { now, until, most }: Claim): Promise<Claimed[]> {
  const due = await db
    .selectFrom('delivery')
    .innerJoin('endpoint', 'endpoint.id', 'delivery.endpoint')
    .innerJoin('notice', 'notice.id', 'delivery.notice')
    .select(['delivery.id', 'delivery.attempts', 'delivery.endpoint', 'endpoint.url'])
    .select(['endpoint.secret', 'endpoint.old_secret', 'endpoint.old_until'])
    .select(['notice.id as notice', 'notice.at', 'notice.kind', 'notice.data'])
    .where('delivery.next_at', '<=', now)
    .orderBy('delivery.next_at')
    .orderBy('delivery.id')
    .limit(most)
    .execute()
  const ids = due.map(({ id }) => id)
  if (ids.length === 0) return []
  await db.updateTable('delivery').set({ next_at: until }).where('id', 'in', ids).execute()
  return due.map(row => {
    const isOld = row.old_until !== null && row.old_until > now
    return {
      ...{ delivery: row.id, attempts: row.attempts, endpoint: row.endpoint, url: row.url },
      secrets: [row.secret, ...(isOld && row.old_secret !== null ? [row.old_secret] : [])],
      notice: { id: row.notice, at: row.at, kind: row.kind as NoticeKind, data: row.data },
    }
  })
}

/** How a delivery went. */
export interface Settled {
  readonly delivery: number
  readonly status: number | null
  /** What hindered it, in words; empty where it arrived. */
  readonly said: string
  readonly now: string
  /** When it is tried again, where it did not arrive; null: never. */
  readonly nextAt: string | null
}

/** An endpoint that took nothing for so long is sent nothing more. */
const mostFailingMs = 5 * 86_400_000
/** Gone: RFC 9110 §15.5.11, and Standard Webhooks. */
const gone = 410

export async function settleDelivery(db: Db, settled: Settled): Promise<void> {
  const { delivery, status, said, now, nextAt } = settled
  const isSent = said === ''
  const missed = nextAt === null ? 'given up' : 'due'
  const state = isSent ? 'sent' : missed
  const row = await db
    .updateTable('delivery')
    .set(eb => ({
      ...{ state, status, said, tried_at: now, next_at: isSent ? null : nextAt },
      attempts: eb('attempts', '+', 1),
    }))
    .where('id', '=', delivery)
    // One that was turned off meanwhile stays given up.
    .where('state', '=', 'due')
    .returning('endpoint')
    .executeTakeFirst()
  if (row) await judge(db, row.endpoint, settled)
}

async function judge(db: Db, id: string, { status, said, now }: Settled): Promise<void> {
  const endpoint = await db
    .selectFrom('endpoint')
    .select(['fleet', 'failing_since'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!endpoint) return
  const failing_since = said === '' ? null : (endpoint.failing_since ?? now)
  if (failing_since !== endpoint.failing_since) {
    await db.updateTable('endpoint').set({ failing_since }).where('id', '=', id).execute()
  }
  const isLong =
    failing_since !== null && Date.parse(now) - Date.parse(failing_since) >= mostFailingMs
  if (status !== gone && !isLong) return
  const why = status === gone ? 'it said that it is gone' : `it failed since ${failing_since}`
  await db.updateTable('endpoint').set({ state: 'off', why }).where('id', '=', id).execute()
  await giveUp(db, id)
  const { fleet } = endpoint
  await notify(db, {
    kind: 'endpoint.off',
    fleet,
    data: { fleet: fleet as never, endpoint: id, why },
    now,
  })
}
