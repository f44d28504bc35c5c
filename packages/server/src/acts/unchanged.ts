import { awaited } from '@steadfleet/rollout'
import { ServerError } from '../error.ts'
import { deviceWithId, reportOf } from '../store/device-store.ts'
import { prepare } from '../store/prepared.ts'
import type { Db } from '../store/schema.ts'
import type { CheckedIn } from './check-in.ts'
import type { CheckIn, Unchanged } from './said.ts'

type Still = Pick<Unchanged, 'device' | 'unchanged' | 'now'>

/**
 * Notes that a device is there, where nothing can follow from it: it runs what it was last ordered and has
 * said so, no move awaits it, and it was not silent. One statement, since this is what a fleet says all day.
 */
const noteStillThere = prepare<Still, { event_sequence: number; order_due: number }>((db, hole) =>
  db
    .updateTable('device')
    .set({ seen_at: hole('now') })
    .where('id', '=', hole('device'))
    .where('report_sequence', '=', hole('unchanged'))
    .where('report_envelope', 'is not', null)
    .where('silent_since', 'is', null)
    .where(eb =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('device_order')
            .select('device_order.counter')
            .whereRef('device_order.device', '=', 'device.id')
            .where(order =>
              order.or([
                order('device_order.given', '=', 0),
                order('device_order.counter', '>', order.ref('device.counter')),
              ]),
            ),
        ),
      ),
    )
    .where(eb =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('move')
            .select('move.rollout')
            .whereRef('move.device', '=', 'device.id')
            .where('move.state', 'in', [...awaited, 'recalled']),
        ),
      ),
    )
    .returning(['event_sequence', 'order_due']),
)

/** What comes of a check-in that says nothing new; undefined where more has to be looked at. */
export async function checkInUnchanged(db: Db, said: Unchanged): Promise<CheckedIn | undefined> {
  if (said.events.length > 0) return undefined
  const { rows } = await noteStillThere(db, said)
  const [row] = rows
  if (!row) return undefined
  return {
    ...{ acknowledged: row.event_sequence, order: null, refused: [], changed: [] },
    isOrderDue: row.order_due > 0,
  }
}

/** The report that still holds, as if it had been said again. */
export async function saidAgain(db: Db, { unchanged, ...said }: Unchanged): Promise<CheckIn> {
  const row = await deviceWithId(db, said.device)
  const report = reportOf(row)
  const { report_envelope: envelope, report_sequence: held } = row
  if (report && envelope !== null && unchanged === held) return { ...said, report, envelope }
  const message = `cannot take report ${unchanged} of ${said.device} for unchanged: hold ${held}`
  throw new ServerError('device/wrong-report', message, { held })
}
