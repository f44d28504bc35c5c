import type { ConfinementPart, RolloutPolicy, UpdatePolicy } from '@steadfleet/domain'
import { type DeviceConditions, toQuery } from '@steadfleet/protocol'
import { unknown } from '../error.ts'
import type { Db } from './schema.ts'

export interface FleetRow {
  readonly name: string
  readonly owner: string
  readonly model: string
  readonly check_in_seconds: number
  readonly updates: string
  readonly rollouts: string
  readonly probation_seconds: number | null
  readonly isolate_from: number | null
  readonly model_grants: string
  readonly required_parts: string
}

export async function fleetNamed(db: Db, name: string): Promise<FleetRow> {
  const row = await db.selectFrom('fleet').selectAll().where('name', '=', name).executeTakeFirst()
  if (!row) throw unknown('fleet/unknown', `fleet ${name}`, { fleet: name })
  return row
}

export function allFleets(db: Db): Promise<FleetRow[]> {
  return db.selectFrom('fleet').selectAll().orderBy('name').execute()
}

/** When the devices of a fleet may change. */
export function updatesOf({ updates }: Pick<FleetRow, 'updates'>): UpdatePolicy {
  return JSON.parse(updates)
}

export function rolloutPolicyOf({ rollouts }: Pick<FleetRow, 'rollouts'>): RolloutPolicy {
  return JSON.parse(rollouts)
}

/** What its devices must have to confine apps with. */
export function requiredPartsOf({ required_parts: parts }: FleetRow): readonly ConfinementPart[] {
  return JSON.parse(parts)
}

/** The packages a fleet runs, and the channel it follows for each. */
export function packagesOf(db: Db, fleet: string): Promise<{ package: string; channel: string }[]> {
  return db
    .selectFrom('fleet_package')
    .select(['package', 'channel'])
    .where('fleet', '=', fleet)
    .orderBy('package')
    .execute()
}

/** The fleets that follow this channel of a package. */
export async function followersOf(db: Db, name: string, channel: string): Promise<string[]> {
  const rows = await db
    .selectFrom('fleet_package')
    .select('fleet')
    .where('package', '=', name)
    .where('channel', '=', channel)
    .orderBy('fleet')
    .execute()
  return rows.map(({ fleet }) => fleet)
}

export interface Group {
  readonly name: string
  readonly query: string
}

export async function groupsOf(db: Db, fleet: string): Promise<Group[]> {
  const rows = await db
    .selectFrom('fleet_group')
    .select(['name', 'conditions', 'query'])
    .where('fleet', '=', fleet)
    .orderBy('name')
    .execute()
  return rows.map(({ name, conditions, query }) => ({
    name,
    // A group of before there were queries states conditions.
    query: query || toQuery(JSON.parse(conditions) as DeviceConditions),
  }))
}
