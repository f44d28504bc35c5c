import type { Digest } from '@steadfleet/base'
import {
  type DefectState,
  type DeviceId,
  type Failure,
  type FleetName,
  type PackageName,
  toTimestamp,
} from '@steadfleet/domain'
import type { DefectDetails, DefectView } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import {
  countsOf,
  type DefectRow,
  devicesHit,
  newestRevisions,
  revisionsOf,
  samplesOf,
} from '../store/defect-store.ts'
import { releasesAt } from '../store/release-store.ts'
import { toFailureViews, toReleaseViews } from './views.ts'

const trendHours = 24
const mostHit = 100

/** Defects as people see them, in the order in which they come. */
export async function toDefectViews(
  { store: { db }, world }: Pick<House, 'store' | 'world'>,
  rows: readonly DefectRow[],
): Promise<DefectView[]> {
  const hour = Math.floor(world.now().getTime() / 3_600_000)
  const from = (hour - trendHours + 1) * 3600
  const counts = await countsOf(
    db,
    rows.map(({ id }) => id),
    from,
  )
  const newest = await newestRevisions(db)
  return rows.map(row => {
    const trend = Array.from({ length: trendHours }, () => 0)
    for (const { defect, at, count } of counts) {
      if (defect === row.id) trend[(at - from) / 3600] = count
    }
    return toDefectView(row, trend, newest.get(row.package) === row.first_revision)
  })
}

function toDefectView(row: DefectRow, trend: number[], isNew: boolean): DefectView {
  return {
    id: row.id,
    fleet: row.fleet as FleetName,
    fingerprint: row.fingerprint as Digest,
    state: row.state as DefectState,
    kind: row.kind as Failure['kind'],
    package: row.package as PackageName,
    ...(row.app !== '' && { app: row.app }),
    ...(row.exit !== null && { exit: row.exit }),
    ...(row.signal !== null && { signal: row.signal }),
    title: row.title,
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    firstRevision: row.first_revision,
    lastRevision: row.last_revision,
    ...{ isNew, count: row.count, devices: row.devices, trend },
    ...(row.resolved_after !== null && { resolvedAfter: row.resolved_after }),
    ...(row.changed_by !== null && { changedBy: row.changed_by }),
    ...(row.changed_at !== null && { changedAt: row.changed_at }),
  }
}

/** One with all that is known of it. */
export async function toDefectDetails(house: House, row: DefectRow): Promise<DefectDetails> {
  const { db } = house.store
  const [view] = await toDefectViews(house, [row])
  if (!view) throw new RangeError('cannot show a defect that is not there')
  const revisions = await revisionsOf(db, row.id)
  const hit = await devicesHit(db, row.id, mostHit)
  const counts = await countsOf(db, [row.id])
  return {
    ...view,
    revisions: revisions.map(({ revision, count, first_seen, last_seen }) => ({
      ...{ revision, count },
      ...{ firstSeen: first_seen, lastSeen: last_seen },
    })),
    hit: hit.map(({ device, name, revision, count, last_seen }) => ({
      ...{ device: device as DeviceId, deviceName: name, revision, count },
      lastSeen: last_seen,
    })),
    counts: counts.map(({ at, seconds, count }) => ({
      ...{ at: toTimestamp(new Date(at * 1000)), seconds, count },
    })),
    samples: await toFailureViews(house, await samplesOf(db, row.id)),
    releases: await toReleaseViews(house, await releasesAt(db, row.package, row.last_revision)),
  }
}
