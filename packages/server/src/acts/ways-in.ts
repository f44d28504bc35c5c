import { ServerError, unknown } from '../error.ts'
import type { Db } from '../store/schema.ts'

export interface NewPasskey {
  readonly id: string
  readonly person: string
  readonly name: string
  readonly publicKey: string
  readonly counter: number
  readonly now: string
}

/** Keeps a passkey; one that somebody has already is refused. */
export async function addPasskey(
  db: Db,
  { id, person, name, publicKey, counter, now }: NewPasskey,
): Promise<void> {
  const added = await db
    .insertInto('passkey')
    .values({ id, person, name, public_key: publicKey, counter, made_at: now, used_at: null })
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (added) return
  throw new ServerError('passkey/refused', 'cannot keep passkey: it is kept already')
}

export async function removePasskey(
  db: Db,
  { person, id }: { readonly person: string; readonly id: string },
): Promise<void> {
  const gone = await db
    .deleteFrom('passkey')
    .where('person', '=', person)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst()
  if (!gone) throw unknown('passkey/unknown', 'such a passkey of yours')
}

/** Puts new recovery codes in the place of all that were there. */
export async function putRecoveryCodes(
  db: Db,
  { person, hashes }: { readonly person: string; readonly hashes: readonly string[] },
): Promise<void> {
  await db.deleteFrom('recovery_code').where('person', '=', person).execute()
  const rows = hashes.map(hash => ({ hash, person }))
  await db.insertInto('recovery_code').values(rows).execute()
}

export interface NewMachine {
  readonly hash: string
  readonly id: string
  readonly name: string
  readonly fleet: string
  readonly role: string
  readonly by: string
  readonly now: string
  readonly expiresAt: string
}

/** Keeps a machine's token; a name is of one machine, until that ends. */
export async function addMachine(db: Db, machine: NewMachine): Promise<void> {
  const { hash, id, name, fleet, role, by, now, expiresAt } = machine
  await db.deleteFrom('machine_token').where('expires_at', '<=', now).execute()
  const times = { made_at: now, expires_at: expiresAt }
  const added = await db
    .insertInto('machine_token')
    .values({ hash, id, name, fleet, role, made_by: by, ...times })
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (added) return
  throw new ServerError('machine/exists', `cannot add machine ${name}: it has a token`, { name })
}

export async function removeMachine(db: Db, { id }: { id: string }): Promise<{ name: string }> {
  const gone = await db
    .deleteFrom('machine_token')
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst()
  if (!gone) throw unknown('machine/unknown', `machine ${id}`, { machine: id })
  return gone
}
