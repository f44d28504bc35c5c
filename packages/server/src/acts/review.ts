import { keepReviewedInterfaces } from '../store/review-store.ts'
import type { Db } from '../store/schema.ts'
import { refuseUnpublished } from './channel.ts'

export interface NewReview {
  readonly package: string
  readonly revision: number
  readonly verdict: 'approved' | 'rejected'
  readonly reason: string
  readonly by: string
  readonly now: string
}

/** Keeps what a reviewer says of a revision; a later word counts over an earlier one. */
export async function reviewRelease(db: Db, review: NewReview): Promise<void> {
  const { revision, verdict, reason, by, now } = review
  await refuseUnpublished(db, review.package, revision)
  const said = { verdict, reason, said_by: by, said_at: now }
  await db
    .insertInto('review')
    .values({ package: review.package, revision, ...said })
    .onConflict(conflict => conflict.columns(['package', 'revision']).doUpdateSet(said))
    .execute()
}

/** A revision that should go to stable waits in the reviewers' list; what was said of it stays. */
export async function askReview(
  db: Db,
  asked: Pick<NewReview, 'package' | 'revision' | 'by' | 'now'>,
): Promise<void> {
  const { revision, by, now } = asked
  await db
    .insertInto('review')
    .values({
      package: asked.package,
      revision,
      verdict: 'waiting',
      reason: '',
      said_by: by,
      said_at: now,
    })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

export async function setReviewPolicy(
  db: Db,
  { interfaces }: { interfaces: readonly string[] },
): Promise<void> {
  await keepReviewedInterfaces(db, interfaces)
}
