import { countSecurityEvents, getEventEvidence, listSecurityEvents } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { seenBy } from '../http/permissions.ts'
import { eventsWhere } from '../store/device-store.ts'
import { evidenceOf, securityCounts } from '../store/security-store.ts'
import { toTimelineEntry } from '../views/views.ts'

/** What devices refused, and how each of it is proved. */
export function handleSecurity(handle: Handle, { store: { db } }: House): void {
  handle(listSecurityEvents, async ({ query, caller }) => {
    const { fleet, device, code, after, limit } = query
    const whose = { fleet, device, fleets: seenBy(caller) }
    const page = { kind: 'security', ...whose, code, before: after, limit } as const
    return (await eventsWhere(db, page)).map(toTimelineEntry)
  })

  handle(countSecurityEvents, async ({ query, caller }) =>
    securityCounts(db, { ...query, fleets: seenBy(caller) }),
  )

  handle(getEventEvidence, async ({ params }) => evidenceOf(db, params.event))
}
