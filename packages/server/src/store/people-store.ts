import type { Digest } from '@steadfleet/base'
import { everyFleet, isRole, type Role } from '@steadfleet/protocol'
import { unknown } from '../error.ts'
import type { Roles } from '../http/permissions.ts'
import type { Db } from './schema.ts'

/** What the owner's configuration says, kept from the first start. */
export type Fact = 'owner' | 'fleet' | 'model'

export type Facts = Readonly<Record<Fact, string>>

export async function allFacts(db: Db): Promise<Facts> {
  const rows = await db.selectFrom('fact').selectAll().execute()
  return Object.fromEntries(rows.map(({ name, value }) => [name, value])) as Facts
}

/** The keys that devices were told to know this server by; none where they go by authorities. */
export async function serverKeys(db: Db): Promise<readonly Digest[]> {
  const row = await db
    .selectFrom('fact')
    .select('value')
    .where('name', '=', 'server-keys')
    .executeTakeFirst()
  return row ? JSON.parse(row.value) : []
}

export interface MachineKey {
  readonly name: string
  readonly role: Role
  /** The public key, as canonical JSON. */
  readonly key: string
}

/** A key that signs requests for all of the server. */
export async function machineWithKey(db: Db, keyid: string): Promise<MachineKey | undefined> {
  const row = await db
    .selectFrom('machine_key')
    .select(['name', 'role', 'key'])
    .where('keyid', '=', keyid)
    .executeTakeFirst()
  return row && isRole(row.role) ? { ...row, role: row.role } : undefined
}

export interface SessionRow {
  readonly person: string
  readonly name: string
  readonly seen_at: string
}

/** Who is signed in under a session token of this hash. */
export function sessionWithHash(
  db: Db,
  hash: string,
  now: string,
): Promise<SessionRow | undefined> {
  return db
    .selectFrom('session')
    .innerJoin('person', 'person.id', 'session.person')
    .select(['session.person', 'person.name', 'session.seen_at'])
    .where('session.hash', '=', hash)
    .where('session.expires_at', '>', now)
    .executeTakeFirst()
}

/** What a person is, by fleet. */
export async function rolesOfPerson(db: Db, person: string): Promise<Roles> {
  const rows = await db
    .selectFrom('membership')
    .select(['fleet', 'role'])
    .where('person', '=', person)
    .orderBy('fleet')
    .execute()
  return new Map(rows.flatMap(({ fleet, role }) => (isRole(role) ? [[fleet, role]] : [])))
}

/** One role, for all of the server. */
export function everywhere(role: Role): Roles {
  return new Map([[everyFleet, role]])
}

export interface PersonRow {
  readonly id: string
  readonly name: string
  readonly made_at: string
}

export async function personWithId(db: Db, id: string): Promise<PersonRow> {
  const row = await db.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw unknown('person/unknown', `person ${id}`, { person: id })
  return row
}

export function allPeople(db: Db): Promise<PersonRow[]> {
  return db.selectFrom('person').selectAll().orderBy('name').execute()
}

/** The open sessions of a person, the one that was used last first. */
export function sessionsOf(db: Db, person: string, now: string) {
  return db
    .selectFrom('session')
    .selectAll()
    .where('person', '=', person)
    .where('expires_at', '>', now)
    .orderBy('seen_at', 'desc')
    .orderBy('id')
    .execute()
}

export function passkeysOf(db: Db, person: string) {
  return db
    .selectFrom('passkey')
    .selectAll()
    .where('person', '=', person)
    .orderBy('made_at')
    .execute()
}

export function passkeyWithId(db: Db, id: string) {
  return db.selectFrom('passkey').selectAll().where('id', '=', id).executeTakeFirst()
}

export function signOnsOf(db: Db, person: string) {
  return db
    .selectFrom('sign_on')
    .selectAll()
    .where('person', '=', person)
    .orderBy('made_at')
    .execute()
}

/** Whose account it is, and whether groups say what they are. */
export function personOfAccount(
  db: Db,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
) {
  return db
    .selectFrom('sign_on')
    .select(['person', 'by_groups'])
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst()
}

export function allMachines(db: Db, now: string) {
  return db
    .selectFrom('machine_token')
    .selectAll()
    .where('expires_at', '>', now)
    .orderBy('name')
    .execute()
}

/** The machine whose token has this hash, while it is good. */
export function machineWithToken(db: Db, hash: string, now: string) {
  return db
    .selectFrom('machine_token')
    .select(['name', 'fleet', 'role'])
    .where('hash', '=', hash)
    .where('expires_at', '>', now)
    .executeTakeFirst()
}
