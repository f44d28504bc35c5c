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
      .insertInto('operator')
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

export interface SecretHash {
  readonly hash: string
  readonly name: string
  readonly expiresAt: string
}

export async function createSignInToken(
  db: Db,
  { hash, name, expiresAt }: SecretHash,
): Promise<void> {
  await db.insertInto('sign_in_token').values({ hash, name, expires_at: expiresAt }).execute()
}

export interface Redemption {
  readonly hash: string
  readonly session: { readonly hash: string; readonly expiresAt: string }
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
    .returning('name')
    .executeTakeFirst()
  if (!token) {
    throw new ServerError('sign-in/refused', 'cannot sign in: the link is unknown, used or expired')
  }
  await db
    .insertInto('session')
    .values({ hash: session.hash, name: token.name, expires_at: session.expiresAt })
    .execute()
  return token
}

export async function endSession(db: Db, { hash }: { hash: string }): Promise<void> {
  await db.deleteFrom('session').where('hash', '=', hash).execute()
}
