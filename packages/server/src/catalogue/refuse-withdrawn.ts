import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { releasesAt } from '../store/release-store.ts'

/** A release that no catalogue holds any more, since it was revoked, is refused by every device; so it is here. */
export async function refuseWithdrawn(
  { catalogues, store }: Pick<House, 'catalogues' | 'store'>,
  name: string,
  revision: number,
): Promise<void> {
  const noted = await releasesAt(store.db, name, revision)
  const prefix = `${name}/${revision}/`
  const held = catalogues.all().flatMap(served => [...(served.inForce()?.roles.values() ?? [])])
  const isHeld = held.some(({ signed }) =>
    [...signed.targets.keys()].some(path => path.startsWith(prefix)),
  )
  if (noted.length === 0 || isHeld) return
  const message = `cannot order ${name} revision ${revision}: its catalogue does not hold it any more`
  throw new ServerError('release/withdrawn', message, { package: name, revision })
}
