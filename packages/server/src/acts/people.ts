import { ServerError } from '../error.ts'
import { type Fact, personWithId } from '../store/people-store.ts'
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

/** Says what a person is; it counts from their next request on. */
export async function setRoles(
  db: Db,
  { person, roles }: { readonly person: string; readonly roles: NewPerson['roles'] },
): Promise<void> {
  await personWithId(db, person)
  await putRoles(db, person, roles)
}

/** Takes a person away, and with them every way in. */
export async function removePerson(db: Db, { person }: { person: string }): Promise<void> {
  await db.deleteFrom('person').where('id', '=', person).execute()
}

async function putRoles(db: Db, person: string, roles: NewPerson['roles']): Promise<void> {
  await db.deleteFrom('membership').where('person', '=', person).execute()
  if (roles.length === 0) return
  const rows = roles.map(one => ({ person, ...one }))
  await db.insertInto('membership').values(rows).execute()
}
