import { ServerError } from '../error.ts'
import type { Fact } from '../store/people-store.ts'
import type { Db } from '../store/schema.ts'

export interface Configuration {
  readonly facts: Readonly<Record<Fact, string>>
  readonly operators: readonly { keyid: string; name: string; role: string; key: string }[]
  readonly checkInSeconds: number
  /** What every order says; null leaves it to the packages. */
  readonly probationSeconds: number | null
}

/** Takes over what `init` wrote: once, on the first start. */
export async function importConfiguration(
  db: Db,
  { facts, operators, checkInSeconds, probationSeconds }: Configuration,
): Promise<void> {
  const rows = Object.entries(facts).map(([name, value]) => ({ name, value }))
  await db.insertInto('fact').values(rows).execute()
  if (operators.length > 0)
    await db
      .insertInto('machine_key')
      .values([...operators])
      .execute()
  await db
    .insertInto('fleet')
    .values({
      name: facts.fleet,
      owner: facts.owner,
      model: facts.model,
      check_in_seconds: checkInSeconds,
      probation_seconds: probationSeconds,
    })
    .execute()
}

export interface NewPerson {
  readonly id: string
  readonly name: string
  readonly roles: readonly { readonly fleet: string; readonly role: string }[]
  readonly now: string
}

/** Admits a person; a name is of one person. */
export async function admitPerson(db: Db, { id, name, roles, now }: NewPerson): Promise<void> {
  const added = await db
    .insertInto('person')
    .values({ id, name, made_at: now })
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!added) {
    throw new ServerError('person/exists', `cannot admit ${name}: that name is taken`, { name })
  }
  await putRoles(db, id, roles)
}

export async function putRoles(db: Db, person: string, roles: NewPerson['roles']): Promise<void> {
  await db.deleteFrom('membership').where('person', '=', person).execute()
  if (roles.length === 0) return
  const rows = roles.map(one => ({ person, ...one }))
  await db.insertInto('membership').values(rows).execute()
}

export interface NewLink {
  readonly hash: string
  readonly person: NewPerson
  readonly expiresAt: string
}

/** A link for whoever has this name; for the first who asks, the name becomes a person. */
export async function createSignInToken(
  db: Db,
  { hash, person, expiresAt }: NewLink,
): Promise<void> {
  const named = db.selectFrom('person').select('id').where('name', '=', person.name)
  const held = await named.executeTakeFirst()
  if (!held) await admitPerson(db, person)
  const id = held?.id ?? person.id
  await db.insertInto('sign_in_token').values({ hash, person: id, expires_at: expiresAt }).execute()
}

/** A session that is to be: where its cookie lies is told to whoever looks at the list. */
export interface NewSession {
  readonly hash: string
  readonly id: string
  readonly address: string
  readonly agent: string
  readonly expiresAt: string
}

export interface Redemption {
  readonly hash: string
  readonly session: NewSession
  readonly now: string
}

/** Trades a sign-in token for a session. Unknown, used and expired are one refusal. */
export async function redeemSignInToken(
  db: Db,
  { hash, session, now }: Redemption,
): Promise<{ name: string }> {
  await db.deleteFrom('session').where('expires_at', '<=', now).execute()
  await db.deleteFrom('sign_in_token').where('expires_at', '<=', now).execute()
  const token = await db
    .deleteFrom('sign_in_token')
    .where('hash', '=', hash)
    .returning('person')
    .executeTakeFirst()
  if (!token) {
    throw new ServerError('sign-in/refused', 'cannot sign in: the link is unknown, used or expired')
  }
  return beginSession(db, token.person, session, now)
}

export async function beginSession(
  db: Db,
  person: string,
  { hash, id, address, agent, expiresAt }: NewSession,
  now: string,
): Promise<{ name: string }> {
  const row = { hash, id, person, made_at: now, seen_at: now, expires_at: expiresAt }
  await db
    .insertInto('session')
    .values({ ...row, address, agent })
    .execute()
  return db.selectFrom('person').select('name').where('id', '=', person).executeTakeFirstOrThrow()
}

/** When a session was last used. */
export async function touchSession(
  db: Db,
  { hash, now }: { hash: string; now: string },
): Promise<void> {
  await db.updateTable('session').set({ seen_at: now }).where('hash', '=', hash).execute()
}

/** Whose session ended, if it was one. */
export async function endSession(
  db: Db,
  { hash }: { hash: string },
): Promise<{ name: string } | undefined> {
  const ended = await db
    .selectFrom('session')
    .innerJoin('person', 'person.id', 'session.person')
    .select('person.name')
    .where('hash', '=', hash)
    .executeTakeFirst()
  await db.deleteFrom('session').where('hash', '=', hash).execute()
  return ended
}
