import type { WayIn } from '@steadfleet/protocol'
import { ServerError, unknown } from '../error.ts'
import type { Db } from '../store/schema.ts'
import { admitPerson, type NewPerson } from './people.ts'

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
  readonly way: WayIn
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
  { hash, id, address, agent, way, expiresAt }: NewSession,
  now: string,
): Promise<{ name: string }> {
  await db.deleteFrom('session').where('expires_at', '<=', now).execute()
  const row = { hash, id, person, made_at: now, seen_at: now, expires_at: expiresAt }
  await db
    .insertInto('session')
    .values({ ...row, address, agent, way })
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

/** Whose session ended, if it was one, and by what it had begun. */
export async function endSession(
  db: Db,
  { hash }: { hash: string },
): Promise<{ name: string; way: string } | undefined> {
  const ended = await db
    .selectFrom('session')
    .innerJoin('person', 'person.id', 'session.person')
    .select(['person.name', 'session.way'])
    .where('hash', '=', hash)
    .executeTakeFirst()
  await db.deleteFrom('session').where('hash', '=', hash).execute()
  return ended
}

export interface UsedPasskey {
  readonly id: string
  readonly counter: number
  readonly session: NewSession
  readonly now: string
}

/** A session for whose passkey answered. The counter only rises where there is one. WebAuthn §6.1.1 */
export async function signInByPasskey(
  db: Db,
  { id, counter, session, now }: UsedPasskey,
): Promise<{ name: string }> {
  const passkey = await db
    .updateTable('passkey')
    .set({ counter, used_at: now })
    .where('id', '=', id)
    .where(eb => eb.or([eb('counter', '<', counter), eb('counter', '=', 0)]))
    .returning('person')
    .executeTakeFirst()
  if (!passkey) {
    throw new ServerError('sign-in/refused', 'cannot sign in: the passkey is unknown or was copied')
  }
  return beginSession(db, passkey.person, session, now)
}

/** A session for whose recovery code it is; the code ends. */
export async function signInByCode(
  db: Db,
  { hash, session, now }: Redemption,
): Promise<{ name: string }> {
  const code = await db
    .deleteFrom('recovery_code')
    .where('hash', '=', hash)
    .returning('person')
    .executeTakeFirst()
  if (!code) {
    throw new ServerError('sign-in/refused', 'cannot sign in: the code is unknown or used')
  }
  return beginSession(db, code.person, session, now)
}

/** Ends a session of a person by its id, or all of them. */
export async function endSessions(
  db: Db,
  { person, id }: { readonly person: string; readonly id?: string },
): Promise<void> {
  const ended = await db
    .deleteFrom('session')
    .where('person', '=', person)
    .$if(id !== undefined, q => q.where('id', '=', id ?? ''))
    .returning('id')
    .execute()
  if (id === undefined || ended.length > 0) return
  throw unknown('session/unknown', `session ${id}`)
}
