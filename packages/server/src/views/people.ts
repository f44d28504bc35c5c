import type { FleetName } from '@steadfleet/domain'
import {
  everyFleet,
  type MachineView,
  type PersonView,
  type Role,
  type SessionView,
} from '@steadfleet/protocol'
import { type PersonRow, passkeysOf, rolesOfPerson, sessionsOf } from '../store/people-store.ts'
import type { Db, MachineTokenTable, SessionTable } from '../store/schema.ts'

export async function toPersonView(
  db: Db,
  { id, name, made_at }: PersonRow,
  now: string,
): Promise<PersonView> {
  const sessions = await sessionsOf(db, id, now)
  return {
    ...{ id, name, madeAt: made_at },
    roles: Object.fromEntries(await rolesOfPerson(db, id)),
    passkeys: (await passkeysOf(db, id)).length,
    sessions: sessions.length,
    seenAt: sessions[0]?.seen_at ?? null,
  }
}

/** `held` is the hash of the session that asks. */
export function toSessionView(row: SessionTable, held: string | undefined): SessionView {
  const { id, made_at, seen_at, expires_at, address, agent, hash } = row
  const times = { madeAt: made_at, seenAt: seen_at, expiresAt: expires_at }
  return { id, ...times, address, agent, isThis: hash === held }
}

export function toMachineView(row: Omit<MachineTokenTable, 'hash'>): MachineView {
  const { id, name, fleet, role, made_by, made_at, expires_at } = row
  return {
    ...{ id, name, role: role as Role },
    ...(fleet !== everyFleet && { fleet: fleet as FleetName }),
    ...{ madeBy: made_by, madeAt: made_at, expiresAt: expires_at },
  }
}
