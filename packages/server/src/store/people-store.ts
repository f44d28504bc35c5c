import type { Db } from './schema.ts'

/** What the owner's configuration says, kept from the first start. */
export type Fact = 'owner' | 'fleet' | 'model'

export type Facts = Readonly<Record<Fact, string>>

export async function allFacts(db: Db): Promise<Facts> {
  const rows = await db.selectFrom('fact').selectAll().execute()
  return Object.fromEntries(rows.map(({ name, value }) => [name, value])) as Facts
}

export interface Operator {
  readonly name: string
  readonly role: string
  /** The public key, as canonical JSON. */
  readonly key: string
}

export function operatorWithKey(db: Db, keyid: string): Promise<Operator | undefined> {
  return db
    .selectFrom('operator')
    .select(['name', 'role', 'key'])
    .where('keyid', '=', keyid)
    .executeTakeFirst()
}

/** Who is signed in under a session token of this hash. */
export function sessionWithHash(
  db: Db,
  hash: string,
  now: string,
): Promise<{ name: string } | undefined> {
  return db
    .selectFrom('session')
    .select('name')
    .where('hash', '=', hash)
    .where('expires_at', '>', now)
    .executeTakeFirst()
}
