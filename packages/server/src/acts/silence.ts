import type { DeviceId, FleetName } from '@steadfleet/domain'
import type { DeviceRow } from '../store/device-store.ts'
import { openMoves } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { hear } from './advance.ts'
import { noteOnDevice } from './events.ts'
import { notify } from './notices.ts'

interface Silence {
  readonly fleet: string
  /** Who was not heard since before this is silent. */
  readonly before: string
  readonly now: string
}

/** Notes whom of a fleet nothing was heard of for too long, once for each silence; answers them. */
export async function raiseSilence(db: Db, { fleet, before, now }: Silence): Promise<string[]> {
  const silent = await db
    .updateTable('device')
    .set({ silent_since: now })
    .where('fleet', '=', fleet)
    .where('silent_since', 'is', null)
    .where('gone_at', 'is', null)
    .where(eb => eb(eb.fn.coalesce('seen_at', 'enrolled_at'), '<', before))
    .returning(['id', 'name', 'seen_at', 'enrolled_at'])
    .execute()
  for (const { id, seen_at, enrolled_at } of silent) {
    const heard = seen_at ?? enrolled_at
    const message = `is silent: not heard since ${heard}`
    await noteOnDevice(db, id, { at: now, message, code: 'device/silent', details: { heard } })
    for (const { rollout } of await openMoves(db, id)) {
      const device = id as DeviceId
      await hear(db, rollout, { device, verdict: 'silent', evidence: null, now })
    }
  }
  await tell(db, fleet, silent, now)
  return silent.map(({ id }) => id)
}

type Silent = Pick<DeviceRow, 'id' | 'name' | 'seen_at' | 'enrolled_at'>

/** One notice for all that one look found: a network that is away takes a thousand with it. */
async function tell(db: Db, fleet: string, silent: readonly Silent[], now: string): Promise<void> {
  if (silent.length === 0) return
  const devices = silent.slice(0, 20).map(({ id, name, seen_at, enrolled_at }) => ({
    ...{ device: id as DeviceId, name, heard: seen_at ?? enrolled_at },
  }))
  const data = { fleet: fleet as FleetName, count: silent.length, devices }
  await notify(db, { kind: 'device.silent', fleet, data, now })
}

/** Ends the alarm of a device that is heard again; true where one was up. */
export async function endSilence(
  db: Db,
  { id, seen_at, silent_since }: DeviceRow,
  now: string,
): Promise<boolean> {
  if (silent_since === null) return false
  await db.updateTable('device').set({ silent_since: null }).where('id', '=', id).execute()
  const details = seen_at === null ? {} : { silent: seen_at }
  await noteOnDevice(db, id, { at: now, message: 'is heard again', code: 'device/heard', details })
  return true
}
