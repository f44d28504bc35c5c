import { thinning } from '../store/defect-counts.ts'
import { allFleets } from '../store/fleet-store.ts'
import type { Db } from '../store/schema.ts'
import { type Share, sharesOf } from '../store/share-store.ts'

/** Notes how fresh each fleet is: a row for each package and hour, thinned to days and then to 30 days. */
export async function noteShares(db: Db, { now }: { readonly now: string }): Promise<void> {
  const seconds = Math.floor(Date.parse(now) / 1000)
  for (const { name } of await allFleets(db)) {
    for (const share of await sharesOf(db, name)) {
      if (share.revision !== null) await keep(db, name, share, at(seconds, 3600), 3600)
    }
  }
  await thin(db, seconds)
}

function at(seconds: number, span: number): number {
  return seconds - (seconds % span)
}

async function keep(
  db: Db,
  fleet: string,
  { package: name, devices, fresh }: Pick<Share, 'package' | 'devices' | 'fresh'>,
  from: number,
  seconds: number,
): Promise<void> {
  await db
    .insertInto('fleet_share')
    .values({ fleet, package: name, at: from, seconds, devices, fresh })
    .onConflict(conflict =>
      conflict.columns(['fleet', 'package', 'at', 'seconds']).doUpdateSet({ devices, fresh }),
    )
    .execute()
}

/** Of what is thinned the last of a span stays: it is how the span ended. */
async function thin(db: Db, now: number): Promise<void> {
  for (const [i, { seconds, keptSeconds }] of thinning.entries()) {
    const next = thinning[i + 1]
    if (!next) return
    const old = await db
      .deleteFrom('fleet_share')
      .where('seconds', '=', seconds)
      .where('at', '<', now - keptSeconds)
      .returningAll()
      .execute()
    for (const row of old.toSorted((a, b) => a.at - b.at)) {
      await keep(db, row.fleet, row, at(row.at, next.seconds), next.seconds)
    }
  }
}
