import { covers, interfaceNamed, interfaceNames } from '@steadfleet/confine'
import type { InterfaceRequest } from '@steadfleet/domain'
import { releasesAt } from './release-store.ts'
import type { Db } from './schema.ts'

export interface Review {
  readonly package: string
  readonly revision: number
  readonly verdict: 'waiting' | 'approved' | 'rejected'
  readonly reason: string
  readonly by: string
  readonly at: string
}

export async function allReviews(db: Db, name?: string): Promise<Review[]> {
  const rows = await db
    .selectFrom('review')
    .selectAll()
    .$if(name !== undefined, q => q.where('package', '=', name ?? ''))
    .orderBy('said_at', 'desc')
    .orderBy('revision', 'desc')
    .execute()
  return rows.map(({ said_by, said_at, verdict, ...row }) => {
    return { ...row, verdict: verdict as Review['verdict'], by: said_by, at: said_at }
  })
}

const policyFact = 'review-policy'

/** The interfaces that are reviewed: what somebody chose, else all of high risk. */
export async function reviewedInterfaces(db: Db): Promise<string[]> {
  const row = await db
    .selectFrom('fact')
    .select('value')
    .where('name', '=', policyFact)
    .executeTakeFirst()
  return row ? JSON.parse(row.value) : risky
}

export async function keepReviewedInterfaces(db: Db, names: readonly string[]): Promise<void> {
  const value = JSON.stringify(names)
  await db
    .insertInto('fact')
    .values({ name: policyFact, value })
    .onConflict(conflict => conflict.column('name').doUpdateSet({ value }))
    .execute()
}

/** The agent is not among them: no device takes one that its owner root does not name. */
const risky = interfaceNames.filter(
  name => name !== 'agent' && interfaceNamed(name).risk === 'high',
)

/** What a revision requests of reviewed interfaces that no approved revision requested. */
export async function unreviewedRequests(
  db: Db,
  name: string,
  revision: number,
): Promise<InterfaceRequest[]> {
  const reviewed = await reviewedInterfaces(db)
  const wanted = (await requestsAt(db, name, revision)).filter(one =>
    reviewed.includes(one.interface),
  )
  if (wanted.length === 0) return []
  const reviews = await allReviews(db, name)
  if (reviews.some(one => one.revision === revision && one.verdict === 'rejected')) return wanted
  const approved = reviews.filter(({ verdict }) => verdict === 'approved')
  const seen = await Promise.all(approved.map(one => requestsAt(db, name, one.revision)))
  return wanted.filter(request => !seen.flat().some(one => covers(one, request)))
}

/** What a revision requests, for any architecture. */
export async function requestsAt(
  db: Db,
  name: string,
  revision: number,
): Promise<InterfaceRequest[]> {
  const releases = await releasesAt(db, name, revision)
  return releases.flatMap(({ record }) => record.behaviour.interfaces ?? [])
}
