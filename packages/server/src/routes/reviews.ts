import { interfaceNamed } from '@steadfleet/confine'
import { type PackageName, toTimestamp } from '@steadfleet/domain'
import {
  getReviewPolicy,
  listReviews,
  type ReviewView,
  reviewRelease,
  setReviewPolicy,
} from '@steadfleet/protocol'
import { announce } from '../announce.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf } from '../http/permissions.ts'
import { allReviews, type Review, requestsAt, reviewedInterfaces } from '../store/review-store.ts'

/** The catalogue's side of confinement: risky requests are looked at before they go to everybody. */
export function handleReviews(handle: Handle, house: House): void {
  const { store, world } = house
  const { db } = store
  const now = () => toTimestamp(world.now())

  handle(listReviews, async () =>
    Promise.all((await allReviews(db)).map(one => toReviewView(house, one))),
  )

  handle(reviewRelease, async ({ params, body, caller, write }) => {
    const name = `${params.publisher}/${params.name}`
    const verdict = body.verdict as 'approved' | 'rejected'
    const said = { package: name, revision: params.revision, verdict, reason: body.reason }
    const [by, at] = [nameOf(caller), now()]
    await write('reviewRelease', { ...said, by, now: at })
    announce(house, 'releases')
    return toReviewView(house, { ...said, by, at })
  })

  handle(getReviewPolicy, async () => ({ interfaces: await reviewedInterfaces(db) }))

  handle(setReviewPolicy, async ({ body: { interfaces }, write }) => {
    for (const name of interfaces) interfaceNamed(name)
    await write('setReviewPolicy', { interfaces })
    announce(house, 'releases')
    return { interfaces }
  })
}

async function toReviewView({ store: { db } }: House, review: Review): Promise<ReviewView> {
  const reviewed = await reviewedInterfaces(db)
  const requests = (await requestsAt(db, review.package, review.revision)).filter(one =>
    reviewed.includes(one.interface),
  )
  return { ...review, package: review.package as PackageName, requests }
}
