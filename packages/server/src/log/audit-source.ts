import { toTimestamp } from '@steadfleet/domain'
import { toAuditLeaf } from '@steadfleet/protocol'
import { auditHeadBefore } from '../store/audit-store.ts'
import type { Db } from '../store/schema.ts'
import type { LeafSource } from './leaf-sources.ts'

const hourMs = 3_600_000

/**
 * How far the audit log went when this hour began: one leaf for each hour in which something was done. It
 * follows from the entries alone, which never change, so a crash forgets nothing.
 */
export async function auditSource(db: Db, now: Date): Promise<LeafSource[]> {
  const hour = new Date(Math.floor(now.getTime() / hourMs) * hourMs)
  const head = await auditHeadBefore(db, toTimestamp(hour))
  if (!head) return []
  const name = `audit ${head.sequence} ${head.hash}`
  return [{ name, leaves: async () => [toAuditLeaf(head)] }]
}

/** Has the log look for a head each hour. */
export function nudgeHourly(log: { nudge(): void }): Disposable {
  const timer = setInterval(() => log.nudge(), hourMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
