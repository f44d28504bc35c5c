import { countSecurityEvents, getEventEvidence, listSecurityEvents } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { eventsWhere } from '../store/device-store.ts'
import { evidenceOf, securityCounts } from '../store/security-store.ts'
import { toTimelineEntry } from '../views/views.ts'

/** What devices refused, and how each of it is proved. */
export function handleSecurity(handle: Handle, { store: { db } }: House): void {
  handle(listSecurityEvents, async ({ query }) => {
    const { fleet, device, code, after, limit } = query
    const page = { kind: 'security', fleet, device, code, before: after, limit } as const
    return (await eventsWhere(db, page)).map(toTimelineEntry)
  })

  handle(countSecurityEvents, async ({ query }) => securityCounts(db, query))

  handle(getEventEvidence, async ({ params }) => evidenceOf(db, params.event))
}
