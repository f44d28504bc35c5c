import { toTimestamp } from '@steadfleet/domain'
import {
  exportDefects,
  getDefect,
  listDefects,
  listFailures,
  type QueryOf,
  steerDefect,
} from '@steadfleet/protocol'
import type { DefectSteer } from '../acts/defects.ts'
import { announce } from '../announce.ts'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'
import { type Caller, nameOf, seenBy } from '../http/permissions.ts'
import { type DefectQuestion, defectRow, defectsWhere } from '../store/defect-store.ts'
import { eventsWhere } from '../store/device-store.ts'
import { defectFormats } from '../views/defect-formats.ts'
import { toDefectDetails, toDefectViews } from '../views/failures.ts'
import { toFailureViews } from '../views/views.ts'

/** More are not kept of one fleet. */
const mostDefects = 1000
const usualDefects = 200

/** What failed: each of it, and by fingerprint. */
export function handleFailures(handle: Handle, house: House): void {
  const { db } = house.store

  handle(listFailures, async ({ query, caller }) => {
    const whose = { kind: 'failure', fleets: seenBy(caller) } as const
    const page = { ...whose, before: query.after, limit: query.limit }
    return toFailureViews(house, await eventsWhere(db, page))
  })

  handle(listDefects, async ({ query: { limit, ...which }, caller }) => {
    const rows = await defectsWhere(db, questionOf(which, caller), limit ?? usualDefects)
    return toDefectViews(house, rows)
  })

  handle(exportDefects, async ({ query: { format = 'jsonl', ...which }, caller, reply }) => {
    const rows = await defectsWhere(db, questionOf(which, caller), mostDefects)
    const { type, head, toText } = defectFormats[format]
    const views = await toDefectViews(house, rows)
    reply.type(type).header('content-disposition', `attachment; filename="failures.${format}"`)
    reply.header('cache-control', 'no-store')
    reply.send(head + views.map(toText).join(''))
    return sent
  })

  handle(getDefect, async ({ params }) =>
    toDefectDetails(house, await defectRow(db, params.defect)),
  )

  handle(steerDefect, async ({ params: { defect, deed }, body, caller, write }) => {
    const now = toTimestamp(house.world.now())
    const event: DefectSteer = deed
    await write('steerDefect', { defect, event, ...body, by: nameOf(caller), now })
    announce(house, 'failures', { defect })
    const [view] = await toDefectViews(house, [await defectRow(db, defect)])
    return view as NonNullable<typeof view>
  })
}

function questionOf(
  { state, wanting, ...which }: Omit<QueryOf<typeof listDefects>, 'limit'>,
  caller: Caller,
): DefectQuestion {
  const states = wanting ? (['open', 'regressed'] as const) : state && [state]
  return { ...which, states, fleets: seenBy(caller) }
}
