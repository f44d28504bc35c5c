import { toLogLine } from '@steadfleet/protocol'
import { logDigest, type TrustPolicy } from '@steadfleet/trust'
import type { NewEvent } from '../report/outbox.ts'

/** What to tell where a newer policy names another log: a shard after a loss, or none at all. */
export function logEvents(before: TrustPolicy | undefined, after: TrustPolicy): NewEvent[] {
  if (before === undefined || logDigest(before.log) === logDigest(after.log)) return []
  const [then, now] = [toLogLine(before.log), toLogLine(after.log)]
  const message = `follows another log by policy ${after.version}: ${now}; no longer ${then}`
  return [{ kind: 'agent', message, details: { policy: after.version, before: then, now } }]
}
