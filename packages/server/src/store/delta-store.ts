import type { Digest } from '@steadfleet/base'
import { sql } from 'kysely'
import { elementsIn, textIn } from './json-in.ts'
import type { Db } from './schema.ts'

/** A tree that devices run, the one that they are to run, and how many they are. */
export interface WantedDelta {
  readonly from: Digest
  readonly tree: Digest
  readonly devices: number
}

/**
 * What would be of use now: by the devices' own reports, for those that have not taken their order yet
 * and those that a rollout has still to reach. Only trees of known releases count, whatever a report
 * says. The most wanted first.
 */
export async function wantedDeltas(db: Db, limit: number): Promise<WantedDelta[]> {
  const tree = textIn(db, 'runs.value', 'tree')
  const { rows } = await sql<WantedDelta>`
    with target as (
      select p.device, p.package, p.revision from device_package p
        join device d on d.id = p.device where d.ordered_counter > d.counter
      union
      select m.device, r.package, r.revision from move m
        join rollout r on r.id = m.rollout
        where r.state = 'running' and m.state in ('waiting', 'ordered')
    ), pair as (
      select ${tree} as "from", ${textIn(db, 'new.record', 'tree', 'digest')} as tree
      from target
        join device d on d.id = target.device
        cross join ${elementsIn(db, 'd.report', 'releases', 'runs')}
        join release new on new.package = target.package and new.revision = target.revision
          and new.architecture = d.architecture
        join release old on old.package = target.package and old.architecture = d.architecture
          and ${textIn(db, 'old.record', 'tree', 'digest')} = ${tree}
      where ${textIn(db, 'runs.value', 'package')} = target.package
        and cast(${textIn(db, 'runs.value', 'revision')} as bigint) = old.revision
    )
    select "from", tree, count(*) as devices from pair where "from" <> tree
    group by "from", tree order by devices desc, tree limit ${limit}`.execute(db)
  return rows
}
