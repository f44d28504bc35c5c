import { fromHex } from '@steadfleet/base'
import { type DeviceId, toTimestamp } from '@steadfleet/domain'
import { type ReadSignature, verifyInSession } from '@steadfleet/protocol'
import { replayed, sessionOver } from '../acts/device-session.ts'
import type { House } from '../house.ts'
import type { Device } from './permissions.ts'

/** A session as this process remembers it; whether it still counts, the database says at each use. */
export interface HeldSession {
  readonly device: DeviceId
  readonly key: Uint8Array
  readonly nonce: string
  readonly expiresAt: string
  /** The highest sequence that was seen here: what is not above it need not reach the database. */
  highest: number
}

/** The device whose session signed a request. Its sequence is counted where the request is carried out. */
export async function callerInSession(house: House, signature: ReadSignature): Promise<Device> {
  const { keyid: id, nonce, sequence } = signature
  const held = await sessionWithId(house, id)
  if (!held || held.expiresAt <= toTimestamp(house.world.now())) throw sessionOver()
  verifyInSession(signature, held.key)
  // The nonce is in the key as well: under another one a session is another session.
  if (nonce !== held.nonce) throw sessionOver()
  if (sequence <= held.highest) throw replayed()
  held.highest = sequence
  return { kind: 'device', device: held.device, session: { id, sequence } }
}

async function sessionWithId(house: House, id: string): Promise<HeldSession | undefined> {
  const held = house.deviceSessions.get(id)
  if (held) return held
  const row = await house.store.db
    .selectFrom('device_session')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) return undefined
  const { device, secret, nonce, sequence: highest, expires_at: expiresAt } = row
  const found = { device: device as DeviceId, key: fromHex(secret), nonce, highest, expiresAt }
  house.deviceSessions.set(id, found)
  return found
}
