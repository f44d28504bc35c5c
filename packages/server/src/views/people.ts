import type { FleetName } from '@steadfleet/domain'
import {
  everyFleet,
  type MachineView,
  type PersonView,
  type Role,
  type SessionView,
  type SignOnView,
  type WayIn,
  waysIn,
} from '@steadfleet/protocol'
import type { Selectable } from 'kysely'
import { type PersonRow, passkeysOf, rolesOfPerson, sessionsOf } from '../store/people-store.ts'
import type { Db, MachineTokenTable, SessionTable, SignOnTable } from '../store/schema.ts'

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
export function toSessionView(
  row: Selectable<SessionTable>,
  held: string | undefined,
): SessionView {
  const { id, made_at, seen_at, expires_at, address, agent, hash, way } = row
  const times = { madeAt: made_at, seenAt: seen_at, expiresAt: expires_at }
  return { id, ...times, address, agent, ...wayOf(way), isThis: hash === held }
}

function wayOf(way: string): { way?: WayIn } {
  const found = waysIn.find(one => one === way)
  return found ? { way: found } : {}
}

export function toSignOnView({ id, issuer, subject, by_groups, made_at }: SignOnTable): SignOnView {
  return { id, issuer, subject, isByGroups: by_groups === 1, madeAt: made_at }
}

export function toMachineView(row: Omit<MachineTokenTable, 'hash'>): MachineView {
  const { id, name, fleet, role, made_by, made_at, expires_at } = row
  return {
    ...{ id, name, role: role as Role },
    ...(fleet !== everyFleet && { fleet: fleet as FleetName }),
    ...{ madeBy: made_by, madeAt: made_at, expiresAt: expires_at },
  }
}
