import { rolesOfPerson } from './people-store.ts'
import { reviewedInterfaces } from './review-store.ts'
import type { Database, Db } from './schema.ts'

/** Readers of what an act changes, for the audit log: what is there, or nothing. */
type Reader<Input> = (db: Db, input: Input) => Promise<unknown>

interface Named {
  readonly fleet: string
  readonly package: string
}

/** One member of a fleet. */
export function ofFleet(column: keyof Database['fleet'] & string): Reader<{ fleet: string }> {
  return (db, { fleet }) =>
    db.selectFrom('fleet').select(column).where('name', '=', fleet).executeTakeFirst()
}

export const ofChannel: Reader<{ package: string; channel: string }> = (db, input) =>
  db
    .selectFrom('channel')
    .select('revision')
    .where('package', '=', input.package)
    .where('channel', '=', input.channel)
    .executeTakeFirst()

export const ofFollowed: Reader<Named> = (db, input) =>
  db
    .selectFrom('fleet_package')
    .select('channel')
    .where('fleet', '=', input.fleet)
    .where('package', '=', input.package)
    .executeTakeFirst()

export const ofAssigned: Reader<{ device: string; package: string }> = (db, input) =>
  db
    .selectFrom('device_package')
    .select(['package', 'revision'])
    .where('device', '=', input.device)
    .where('package', '=', input.package)
    .executeTakeFirst()

export const ofRollout: Reader<{ rollout: number }> = (db, { rollout }) =>
  db.selectFrom('rollout').select(['state', 'why']).where('id', '=', rollout).executeTakeFirst()

export const ofEndpoint: Reader<{ id: string }> = (db, { id }) =>
  db
    .selectFrom('endpoint')
    .select(['url', 'kinds', 'state'])
    .where('id', '=', id)
    .executeTakeFirst()

export const ofDefect: Reader<{ defect: number }> = (db, { defect }) =>
  db
    .selectFrom('defect')
    .select(['state', 'resolved_after'])
    .where('id', '=', defect)
    .executeTakeFirst()

export const ofSetting: Reader<Named & { scope: string; name: string }> = async (db, input) => {
  const row = await db
    .selectFrom('setting_change')
    .select('after')
    .where('fleet', '=', input.fleet)
    .where('package', '=', input.package)
    .where('scope', '=', input.scope)
    .where('name', '=', input.name)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && JSON.parse(row.after)
}

export const ofSettingChange: Reader<{ change: number }> = async (db, { change }) => {
  const row = await db
    .selectFrom('setting_change')
    .select(['fleet', 'package', 'scope', 'name'])
    .where('id', '=', change)
    .executeTakeFirst()
  return row && ofSetting(db, row)
}

export const ofIsolation: Reader<{ device: string }> = (db, { device }) =>
  db.selectFrom('device').select('isolation').where('id', '=', device).executeTakeFirst()

export const ofGroup: Reader<{ fleet: string; name: string }> = (db, { fleet, name }) =>
  db
    .selectFrom('fleet_group')
    .select(['query', 'conditions'])
    .where('fleet', '=', fleet)
    .where('name', '=', name)
    .executeTakeFirst()

type Granted = Named & { interface: string; scope: string; target: string }

export const ofGrant: Reader<Granted> = (db, input) =>
  db
    .selectFrom('grant_decision')
    .select(['interface', 'scope', 'target', 'verdict', 'request'])
    .where('fleet', '=', input.fleet)
    .where('package', '=', input.package)
    .where('interface', '=', input.interface)
    .where('scope', '=', input.scope)
    .where('target', '=', input.target)
    .executeTakeFirst()

export const ofReview: Reader<{ package: string; revision: number }> = (db, input) =>
  db
    .selectFrom('review')
    .select(['revision', 'verdict', 'reason'])
    .where('package', '=', input.package)
    .where('revision', '=', input.revision)
    .executeTakeFirst()

export const ofReviewPolicy: Reader<unknown> = db => reviewedInterfaces(db)

/** Who a person is, and what: nothing where there is no such person. */
export const ofRoles: Reader<{ person: string }> = async (db, { person }) => {
  const row = await db
    .selectFrom('person')
    .select('name')
    .where('id', '=', person)
    .executeTakeFirst()
  return row && { ...row, roles: Object.fromEntries(await rolesOfPerson(db, person)) }
}
