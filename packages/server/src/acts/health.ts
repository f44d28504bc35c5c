import {
  type Health,
  type HealthPoints,
  healthMetrics,
  healthSpans,
  mergeHealth,
} from '@steadfleet/domain'
import type { Db } from '../store/schema.ts'

export interface Measured {
  readonly device: string
  readonly points: HealthPoints
  /** Ages are counted back from here, whatever the clock of the device says. */
  readonly now: string
}

/** Keeps what a device measured, by five minutes, hours and days, and lets go of what is too old of each. */
export async function keepHealth(db: Db, { device, points, now }: Measured): Promise<void> {
  const end = Math.floor(Date.parse(now) / 1000)
  for (const { seconds, keptSeconds } of Object.values(healthSpans)) {
    const oldest = end - keptSeconds
    for (const slot of slotsOf(points, end, seconds)) {
      if (slot.at >= oldest) await keepSlot(db, device, seconds, slot)
    }
    await db
      .deleteFrom('health')
      .where('device', '=', device)
      .where('seconds', '=', seconds)
      .where('at', '<', oldest)
      .execute()
  }
}

interface Slot {
  readonly at: number
  readonly samples: number
  readonly health: Health
}

/** The points of each slot as one. */
function slotsOf(points: HealthPoints, end: number, seconds: number): Slot[] {
  const slots = new Map<number, Slot>()
  for (const [age, ...values] of points) {
    const measuredAt = end - Math.max(0, age ?? 0)
    const at = measuredAt - (measuredAt % seconds)
    const entries = healthMetrics.map((metric, i) => [metric, values[i] ?? null])
    const slot = { at, samples: 1, health: Object.fromEntries(entries) as Health }
    slots.set(at, joined(slots.get(at), slot))
  }
  return [...slots.values()]
}

function joined(held: Slot | undefined, more: Slot): Slot {
  if (!held) return more
  const health = mergeHealth(held.health, held.samples, more.health, more.samples)
  return { at: held.at, samples: held.samples + more.samples, health }
}

async function keepSlot(db: Db, device: string, seconds: number, more: Slot): Promise<void> {
  const row = await db
    .selectFrom('health')
    .selectAll()
    .where('device', '=', device)
    .where('seconds', '=', seconds)
    .where('at', '=', more.at)
    .executeTakeFirst()
  const { samples, health } = joined(row && { at: row.at, samples: row.samples, health: row }, more)
  const values = { samples, ...health }
  await db
    .insertInto('health')
    .values({ device, seconds, at: more.at, ...values })
    .onConflict(conflict => conflict.columns(['device', 'seconds', 'at']).doUpdateSet(values))
    .execute()
}
