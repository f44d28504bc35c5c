import type { NoticeKind } from '@steadfleet/domain'
import { unknown } from '../error.ts'
import { endpointOf, makeDue } from '../store/endpoint-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import type { Db } from '../store/schema.ts'

export interface NewEndpoint {
  readonly fleet: string
  readonly id: string
  readonly url: string
  readonly kinds: readonly NoticeKind[]
  readonly secret: string
  readonly by: string
  readonly now: string
}

/** Where notices of a fleet are sent from now on. */
export async function addEndpoint(db: Db, endpoint: NewEndpoint): Promise<void> {
  const { fleet, id, url, kinds, secret, by, now } = endpoint
  await fleetNamed(db, fleet)
  await db
    .insertInto('endpoint')
    .values({
      ...{ fleet, id, url, kinds: JSON.stringify(kinds), secret, state: 'on', why: '' },
      ...{ made_by: by, made_at: now },
    })
    .execute()
}

interface Named {
  readonly fleet: string
  readonly id: string
}

export interface EndpointChange extends Named {
  readonly kinds?: readonly NoticeKind[] | undefined
  readonly on?: boolean | undefined
  readonly by: string
}

/** Other kinds, or on and off. What is off is sent nothing, and what waited for it is given up. */
export async function changeEndpoint(db: Db, change: EndpointChange): Promise<void> {
  const { fleet, id, kinds, on, by } = change
  await endpointOf(db, fleet, id)
  await db
    .updateTable('endpoint')
    .set({
      ...(kinds && { kinds: JSON.stringify(kinds) }),
      ...(on === true && { state: 'on', why: '', failing_since: null }),
      ...(on === false && { state: 'off', why: `turned off by ${by}` }),
      id,
    })
    .where('id', '=', id)
    .execute()
  if (on === false) await giveUp(db, id)
}

export async function giveUp(db: Db, endpoint: string): Promise<void> {
  await db
    .updateTable('delivery')
    .set({ state: 'given up', next_at: null })
    .where('endpoint', '=', endpoint)
    .where('state', '=', 'due')
    .execute()
}

export async function removeEndpoint(db: Db, { fleet, id }: Named): Promise<void> {
  await endpointOf(db, fleet, id)
  await db.deleteFrom('delivery').where('endpoint', '=', id).execute()
  await db.deleteFrom('endpoint').where('id', '=', id).execute()
}

export interface NewSecret extends Named {
  readonly secret: string
  /** Until when the one before signs beside it. */
  readonly oldUntil: string
}

export async function renewEndpointSecret(db: Db, renewed: NewSecret): Promise<void> {
  const { fleet, id, secret, oldUntil } = renewed
  const row = await endpointOf(db, fleet, id)
  await db
    .updateTable('endpoint')
    .set({ secret, old_secret: row.secret, old_until: oldUntil })
    .where('id', '=', id)
    .execute()
}

/** Sends an endpoint a notice that tells nothing. Answers its delivery. */
export async function testEndpoint(
  db: Db,
  { fleet, id, by, now }: Named & { readonly by: string; readonly now: string },
): Promise<{ delivery: number }> {
  await endpointOf(db, fleet, id)
  const data = JSON.stringify({ fleet, endpoint: id, by })
  const notice = await db
    .insertInto('notice')
    .values({ at: now, fleet, kind: 'endpoint.test', data })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { delivery: await makeDue(db, id, notice.id, now) }
}

export interface Replay extends Named {
  /** One delivery, or all notices of the endpoint's kinds since then. */
  readonly delivery?: number | undefined
  readonly since?: string | undefined
  readonly now: string
}

/** Sends again what was sent, or given up; under the same id, so that a receiver knows it. */
export async function replayDeliveries(db: Db, replay: Replay): Promise<{ queued: number }> {
  const { fleet, id, delivery, since, now } = replay
  const { kinds } = await endpointOf(db, fleet, id)
  const notices = await db
    .selectFrom('notice')
    .select('notice.id')
    .where('notice.fleet', 'in', ['', fleet])
    .$if(delivery !== undefined, q =>
      q
        .innerJoin('delivery', 'delivery.notice', 'notice.id')
        .where('delivery.id', '=', delivery ?? 0)
        .where('delivery.endpoint', '=', id),
    )
    .$if(delivery === undefined, q =>
      q.where('notice.kind', 'in', JSON.parse(kinds)).where('notice.at', '>=', since ?? now),
    )
    .orderBy('notice.id')
    .execute()
  if (delivery !== undefined && notices.length === 0) {
    throw unknown('delivery/unknown', `delivery ${delivery} of endpoint ${id}`, { delivery })
  }
  for (const notice of notices) await makeDue(db, id, notice.id, now)
  return { queued: notices.length }
}
