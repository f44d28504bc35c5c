import {
  type HealthMetric,
  type HealthSpan,
  type HealthView,
  healthMetrics,
  healthSpans,
} from '@steadfleet/domain'
import type { Db } from './schema.ts'

/** What a device measured over a span, the oldest first. */
export function healthOf(db: Db, device: string, span: HealthSpan): Promise<HealthView[]> {
  return db
    .selectFrom('health')
    .select(['at', ...healthMetrics])
    .where('device', '=', device)
    .where('seconds', '=', healthSpans[span].seconds)
    .orderBy('at')
    .execute()
}

/** The means over all devices of a fleet, the oldest first; restarts are the sum. */
export async function healthOfFleet(
  db: Db,
  fleet: string,
  span: HealthSpan,
  now: Date,
): Promise<HealthView[]> {
  const { seconds, keptSeconds } = healthSpans[span]
  const rows = await db
    .selectFrom('health')
    .innerJoin('device', 'device.id', 'health.device')
    .select(({ fn }) => [
      'health.at',
      fn.avg<number | string | null>('cpu').as('cpu'),
      fn.avg<number | string | null>('memory').as('memory'),
      fn.avg<number | string | null>('disk').as('disk'),
      fn.avg<number | string | null>('temperature').as('temperature'),
      fn.avg<number | string | null>('signal').as('signal'),
      fn.sum<number | string | null>('restarts').as('restarts'),
    ])
    .where('device.fleet', '=', fleet)
    .where('seconds', '=', seconds)
    .where('health.at', '>=', Math.floor(now.getTime() / 1000) - keptSeconds)
    .groupBy('health.at')
    .orderBy('health.at')
    .execute()
  return rows.map(({ at, ...means }) => {
    const rounded = healthMetrics.map(metric => {
      const mean = means[metric]
      return [metric, mean === null ? null : Math.round(Number(mean))]
    })
    return { at, ...Object.fromEntries(rounded) }
  })
}

/** The newest that a device said of one metric, and when; nothing where it never did. */
export async function latestHealth(
  db: Db,
  device: string,
  metric: HealthMetric,
): Promise<{ readonly at: number; readonly value: number } | undefined> {
  const row = await db
    .selectFrom('health')
    .select(['at', metric])
    .where('device', '=', device)
    .where('seconds', '=', healthSpans.day.seconds)
    .where(metric, 'is not', null)
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && { at: row.at, value: row[metric] ?? 0 }
}
