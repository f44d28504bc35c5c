import { ServerError, unknown } from '../error.ts'
import type { Db } from '../store/schema.ts'
import { admitPerson, type NewPerson, setRoles } from './people.ts'
import { beginSession, endSessions, type NewSession } from './sessions.ts'

/** An account elsewhere: whose name for it is `subject`, never given to another. OpenID Connect Core §2 */
export interface Account {
  readonly issuer: string
  readonly subject: string
}

export interface SignedOn {
  /** The id under which it is kept, should it be new here. */
  readonly id: string
  readonly account: Account
  /** Who comes by it, where the account is new and its groups say what they are. */
  readonly admits: NewPerson | undefined
  readonly session: NewSession
  readonly now: string
}

/** A session for whose account answered; one that is new here is admitted by its groups, or refused. */
export async function signInBySignOn(
  db: Db,
  { id, account, admits, session, now }: SignedOn,
): Promise<{ name: string }> {
  const held = await accountOf(db, account)
  if (held) return beginSession(db, held.person, session, now)
  if (!admits) throw notAdmitted()
  await admitPerson(db, admits)
  const row = { id, ...account, person: admits.id, by_groups: 1, made_at: now }
  await db.insertInto('sign_on').values(row).execute()
  return beginSession(db, admits.id, session, now)
}

/** What a person’s groups make them now; whom they make nothing is out at once. */
export async function followGroups(
  db: Db,
  { person, roles }: { readonly person: string; readonly roles: NewPerson['roles'] },
): Promise<void> {
  await setRoles(db, { person, roles })
  if (roles.length === 0) await endSessions(db, { person })
}

export interface NewSignOn {
  readonly id: string
  readonly person: string
  readonly account: Account
  readonly now: string
}

/** Connects an account with a person; one that is somebody’s already stays theirs. */
export async function addSignOn(db: Db, { id, person, account, now }: NewSignOn): Promise<void> {
  const added = await db
    .insertInto('sign_on')
    .values({ id, ...account, person, by_groups: 0, made_at: now })
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (added) return
  throw new ServerError('sign-on/exists', 'cannot connect account: it is connected already')
}

export async function removeSignOn(
  db: Db,
  { person, id }: { readonly person: string; readonly id: string },
): Promise<void> {
  const gone = await db
    .deleteFrom('sign_on')
    .where('person', '=', person)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst()
  if (!gone) throw unknown('sign-on/unknown', 'such an account of yours')
}

export function notAdmitted(): ServerError {
  const message =
    'cannot sign in: this account is connected with nobody here (come by your link, then connect it under You)'
  return new ServerError('sign-on/not-admitted', message)
}

function accountOf(db: Db, { issuer, subject }: Account) {
  return db
    .selectFrom('sign_on')
    .select('person')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst()
}
