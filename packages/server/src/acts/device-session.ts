import type { DeviceId } from '@steadfleet/domain'
import { ServerError } from '../error.ts'
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

/**
 * Counts a request, for good, before anything is done for it: whichever process it reached, it is good once.
 * Refuses a sequence that does not rise, and a session that is over.
 */
export async function useDeviceSession(db: Db, { id, sequence, now }: SessionUse): Promise<void> {
  const session = db.selectFrom('device_session').where('id', '=', id)
  const { numUpdatedRows } = await db
    .updateTable('device_session')
    .set({ sequence })
    .where('id', '=', id)
    .where('sequence', '<', sequence)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  if (numUpdatedRows > 0n) return
  const held = await session.select('expires_at').executeTakeFirst()
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
