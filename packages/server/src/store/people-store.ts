import { unknown } from '../error.ts'
import type { Db } from './schema.ts'

/** What the owner's configuration says, kept from the first start: owner, fleet, model, log. */
export type Fact = 'owner' | 'fleet' | 'model' | 'log'

export async function factNamed(db: Db, name: Fact): Promise<string> {
  const row = await db
    .selectFrom('fact')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst()
  if (!row) throw unknown('internal', `fact ${name}`)
  return row.value
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
