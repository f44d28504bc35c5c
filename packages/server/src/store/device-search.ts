import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import { type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import { toCondition } from '../query/compile.ts'
import type { DeviceRow } from './device-store.ts'
import { groupsOf } from './fleet-store.ts'
import type { Database, Db } from './schema.ts'

/** Which devices of a fleet somebody asks for. */
export interface DeviceQuestion {
  readonly fleet: string
  /** In the Common Expression Language; absent: every device. */
  readonly query?: string | undefined
  /** Words, each of which stands in a device's name, id, model, labels, packages or note. */
  readonly search?: string | undefined
  /** Those that are decommissioned, in place of those that are not. */
  readonly isGone?: boolean | undefined
  readonly now: Date
}

export interface DevicePage {
  /** The last device of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}

type Asked = SelectQueryBuilder<Database, 'device', object>

/** Devices that meet a question, in the order in which they joined. */
export async function findDevices(
  db: Db,
  question: DeviceQuestion,
  { after, limit }: DevicePage,
): Promise<DeviceRow[]> {
  const asked = await ask(db, question)
  const ids = await asked
    .select('device.id')
    .$if(after !== undefined, q =>
      q.where('device.number', '>', eb =>
        eb
          .selectFrom('device as last')
          .select('number')
          .where('last.id', '=', after ?? ''),
      ),
    )
    .orderBy('device.number')
    .limit(limit)
    .execute()
  if (ids.length === 0) return []
  const named = ids.map(({ id }) => id)
  // Rows are long, and only these are read.
  return db.selectFrom('device').selectAll().where('id', 'in', named).orderBy('number').execute()
}

export async function countDevices(db: Db, question: DeviceQuestion): Promise<number> {
  const asked = await ask(db, question)
  const { count } = await asked
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The ids of all that meet a question, in the order in which they joined. */
export async function idsWhere(
  db: Db,
  question: DeviceQuestion,
  limit?: number,
): Promise<string[]> {
  const asked = (await ask(db, question)).select('device.id').orderBy('device.number')
  const rows = await (limit === undefined ? asked : asked.limit(limit)).execute()
  return rows.map(({ id }) => id)
}

/** The name of a set of devices by its content: the same set has the same, in any order. */
export function digestOfSet(ids: readonly string[]): Digest {
  return digestOf(toUtf8(ids.toSorted().join('\n')))
}

/** The groups of a fleet that a device is in now. */
export async function groupsWith(db: Db, device: DeviceRow, now: Date): Promise<string[]> {
  const groups = await groupsOf(db, device.fleet)
  const queries = new Map(groups.map(({ name, query }) => [name, query]))
  const within: string[] = []
  for (const { name, query } of groups) {
    const found = await db
      .selectFrom('device')
      .select('device.id')
      .where('device.id', '=', device.id)
      .where(toCondition(query, { groups: queries, now }))
      .executeTakeFirst()
    if (found) within.push(name)
  }
  return within
}

/** The groups of a fleet that each of its devices is in now. */
export async function groupMembers(
  db: Db,
  fleet: string,
  now: Date,
): Promise<(device: string) => readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const { name, query } of await groupsOf(db, fleet)) {
    for (const id of await idsWhere(db, { fleet, query, now })) {
      const within = groups.get(id)
      if (within) within.push(name)
      else groups.set(id, [name])
    }
  }
  return device => groups.get(device) ?? []
}

async function ask(db: Db, { fleet, query, search, isGone, now }: DeviceQuestion): Promise<Asked> {
  const base = db
    .selectFrom('device')
    .where('device.fleet', '=', fleet)
    .where('device.gone_at', isGone ? 'is not' : 'is', null)
  const asked = wordsOf(search).reduce((so, word) => so.where(hasWord(word)), base)
  if (query === undefined || query.trim() === '') return asked
  const groups = new Map((await groupsOf(db, fleet)).map(group => [group.name, group.query]))
  return asked.where(toCondition(query, { groups, now }))
}

/** More words than this ask for nothing that fewer do not. */
const mostWords = 10

function wordsOf(search = ''): string[] {
  return search.toLowerCase().split(/\s+/).filter(Boolean).slice(0, mostWords)
}

function hasWord(word: string) {
  const pattern = `%${word.replace(/[\\%_]/g, '\\$&')}%`
  return sql<SqlBool>`device.id in (
    select device from device_words where words like ${pattern} escape ${sql.lit('\\')}
  )`
}
