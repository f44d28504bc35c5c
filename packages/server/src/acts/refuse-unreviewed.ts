import { ServerError } from '../error.ts'
import { allReviews, unreviewedRequests } from '../store/review-store.ts'
import type { Db } from '../store/schema.ts'

/** Nothing reaches `stable` with a risky request that no reviewer has approved. */
export async function refuseUnreviewed(
  db: Db,
  { package: name, channel, revision }: { package: string; channel: string; revision: number },
): Promise<void> {
  if (!channel.endsWith('/stable')) return
  const names = (await unreviewedRequests(db, name, revision)).map(one => one.interface)
  if (names.length === 0) return
  const reviews = await allReviews(db, name)
  const no = reviews.find(one => one.revision === revision && one.verdict === 'rejected')
  const fact = no ? `was rejected by ${no.by}: ${no.reason}` : 'waits for a reviewer'
  const what = `${channel} to revision ${revision} of ${name}`
  const message = `cannot move ${what}: its request for ${names.join(', ')} ${fact}`
  const details = { package: name, revision, interfaces: names }
  throw new ServerError('release/not-reviewed', message, details)
}
