import type { DeviceId } from '@steadfleet/domain'
import { ServerError } from '../error.ts'
import { prepare } from '../store/prepared.ts'
import type { Db } from '../store/schema.ts'

export interface NewDeviceSession {
  readonly device: DeviceId
  readonly id: string
  /** Its key, in hexadecimal. */
  readonly secret: string
  readonly nonce: string
  readonly expiresAt: string
}

/** Begins a session; the one that the device had before is over. */
export async function openDeviceSession(
  db: Db,
  { device, id, secret, nonce, expiresAt: expires_at }: NewDeviceSession,
): Promise<void> {
  const begun = { id, secret, nonce, sequence: 0, expires_at }
  await db
    .insertInto('device_session')
    .values({ device, ...begun })
    .onConflict(conflict => conflict.column('device').doUpdateSet(begun))
    .execute()
}

/** One request in a session. */
export interface SessionUse {
  readonly id: string
  readonly sequence: number
  readonly now: string
}

const countUse = prepare<SessionUse, unknown>((db, hole) =>
  db
    .updateTable('device_session')
    .set({ sequence: hole('sequence') })
    .where('id', '=', hole('id'))
    .where('sequence', '<', hole('sequence'))
    .where('expires_at', '>', hole('now')),
)

/**
 * Counts a request, for good, before anything is done for it: whichever process it reached, it is good once.
 * Refuses a sequence that does not rise, and a session that is over.
 */
export async function useDeviceSession(db: Db, use: SessionUse): Promise<void> {
  const { numAffectedRows = 0n } = await countUse(db, use)
  if (numAffectedRows > 0n) return
  const { id, now } = use
  const session = db.selectFrom('device_session').select('expires_at').where('id', '=', id)
  const held = await session.executeTakeFirst()
  throw held && held.expires_at > now ? replayed() : sessionOver()
}

/** Ends the sessions of devices: from now on only their own keys sign for them. */
export async function endDeviceSessions(db: Db, devices: readonly string[]): Promise<void> {
  await db.deleteFrom('device_session').where('device', 'in', devices).execute()
}

export function sessionOver(): ServerError {
  return new ServerError('request/session-over', 'cannot accept request: its session is over')
}

export function replayed(): ServerError {
  return new ServerError('request/replayed', 'cannot accept request: its sequence was used')
}
