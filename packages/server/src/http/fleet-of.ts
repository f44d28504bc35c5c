import type { Db } from '../store/schema.ts'

type Finder = (db: Db, value: string) => Promise<string | undefined>

/** What a path may name, and how its fleet is found. The first that a path names counts. */
const finders: readonly (readonly [parameter: string, Finder])[] = [
  ['fleet', async (_db, fleet) => fleet],
  ['device', fleetOfDevice],
  ['rollout', fleetOfRollout],
  ['event', fleetOfEvent],
  ['defect', fleetOfDefect],
]

/** The fleet that the parameters of a path are about; undefined where what they name is not there. */
export async function fleetOf(db: Db, params: unknown): Promise<string | undefined> {
  const named = params as Readonly<Record<string, string | undefined>>
  for (const [parameter, find] of finders) {
    const value = named[parameter]
    if (value !== undefined) return find(db, value)
  }
  return undefined
}

async function fleetOfDevice(db: Db, id: string): Promise<string | undefined> {
  const found = db.selectFrom('device').select('fleet').where('id', '=', id)
  return (await found.executeTakeFirst())?.fleet
}

async function fleetOfRollout(db: Db, id: string): Promise<string | undefined> {
  const found = db.selectFrom('rollout').select('fleet').where('id', '=', Number(id))
  return (await found.executeTakeFirst())?.fleet
}

async function fleetOfEvent(db: Db, id: string): Promise<string | undefined> {
  const found = db
    .selectFrom('event')
    .innerJoin('device', 'device.id', 'event.device')
    .select('device.fleet')
    .where('event.id', '=', Number(id))
  return (await found.executeTakeFirst())?.fleet
}

async function fleetOfDefect(db: Db, id: string): Promise<string | undefined> {
  const found = db.selectFrom('defect').select('fleet').where('id', '=', Number(id))
  return (await found.executeTakeFirst())?.fleet
}
