import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { countDevices, findDevices } from '../packages/server/src/store/device-search.ts'
import { nodeSqlite } from '../packages/server/src/store/dialect.ts'
import { migrate } from '../packages/server/src/store/migrations.ts'
import { connect } from '../packages/server/src/store/postgres-connection.ts'
import { overPostgres } from '../packages/server/src/store/postgres-dialect.ts'
import type { Database, Db } from '../packages/server/src/store/schema.ts'
import { writePostgres } from '../packages/server/src/store/write-postgres.ts'
import { noPostgres, startTestPostgres } from '../packages/server/src/testing/test-postgres.ts'
import { type Benchmark, type Figure, medianOf, spreadOf } from './figure.ts'

const devices = 100_000
const runs = 9
const now = new Date('2026-11-22T12:00:00Z')

/** What people ask, from a group of few to one of nearly all. */
const questions: readonly { readonly query?: string; readonly search?: string }[] = [
  { query: 'labels.site == "site-17"' },
  { query: 'labels.site != "site-17" && !silent && !held' },
  { query: 'packages["acme/till"] < 3 && architecture == "arm64"' },
  { query: 'attributes["disk.free-mb"] < 500 || labels.ring == "canary"' },
  { query: 'name.startsWith("till-123") && model == "acme/box"' },
  { query: '"north" in groups && versions["acme/till"] == "2.0"' },
  { query: 'unheard > duration("2h")' },
  { search: 'site-17 till-99' },
]

/** How long it takes to count a group and to show its first hundred, over both databases. */
export const groups: Benchmark = {
  name: 'groups',
  what: `a query over ${devices} devices: how many meet it, and the first 100 of them`,
  run: async () => [...(await overSqlite()), ...(noPostgres ? [] : await overPostgresServer())],
}

async function overSqlite(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'steadfleet-groups-'))
  const database = new DatabaseSync(join(folder, 'steadfleet.db'))
  try {
    migrate(database)
    const db = new Kysely<Database>({ dialect: nodeSqlite(database) })
    database.exec('begin')
    await fill(db)
    database.exec('commit; analyze')
    return await measure(db, 'SQLite')
  } finally {
    database.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function overPostgresServer(): Promise<Figure[]> {
  await using postgres = await startTestPostgres()
  await (await writePostgres(postgres.url())).close()
  await using connection = await connect(postgres.url())
  const db = new Kysely<Database>({ dialect: overPostgres(connection.ask) })
  await connection.ask('begin')
  await fill(db)
  await connection.ask('commit')
  // As its own housekeeping would sooner or later.
  await connection.ask('vacuum analyze')
  return await measure(db, 'PostgreSQL')
}

async function measure(db: Db, where: string): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const question of questions) {
    const times: number[] = []
    let found = 0
    for (let run = 0; run < runs; run += 1) {
      const began = performance.now()
      found = await countDevices(db, { fleet: 'home', ...question, now })
      await findDevices(db, { fleet: 'home', ...question, now }, { limit: 100 })
      times.push(performance.now() - began)
    }
    const name = `${where}: ${question.query ?? `words ${question.search}`}`
    figures.push({ name, value: medianOf(times), unit: 'ms', facts: { found, ...spreadOf(times) } })
  }
  return figures
}

/** Devices as long as real ones are: a report of two kilobytes, its attributes, two labels. */
async function fill(db: Db): Promise<void> {
  await db.insertInto('fleet').values({ name: 'home', owner: 'own_x', model: 'a/b' }).execute()
  const query = 'labels.site.startsWith("site-1")'
  const north = { fleet: 'home', name: 'north', query, conditions: '{}' }
  await db.insertInto('fleet_group').values(north).execute()
  for (let i = 0; i < devices; i += 500) {
    const some = Array.from({ length: 500 }, (_, j) => i + j)
    await db.insertInto('device').values(some.map(toDevice)).execute()
    await db.insertInto('device_label').values(some.flatMap(toLabels)).execute()
    await db.insertInto('device_attribute').values(some.flatMap(toAttributes)).execute()
    await db.insertInto('device_release').values(some.map(toRelease)).execute()
    await db.insertInto('device_words').values(some.map(toWords)).execute()
  }
}

const idOf = (i: number): string => `dev_${String(i).padStart(20, '0')}`
const filler = 'x'.repeat(2000)

function toDevice(i: number) {
  const seen = new Date(now.getTime() - (i % 200) * 60_000).toISOString().replace('.000', '')
  return {
    ...{ id: idOf(i), name: `till-${i}`, fleet: 'home', public_key: idOf(i), seen_at: seen },
    ...{ model: i % 3 ? 'acme/box' : 'acme/pump', architecture: i % 2 ? 'amd64' : 'arm64' },
    ...{ enrolled_at: '2026-11-01T00:00:00Z', report: filler, report_envelope: filler },
    silent_since: i % 50 ? null : seen,
  }
}

function toLabels(i: number) {
  const ring = i % 100 ? 'wide' : 'canary'
  return [
    { device: idOf(i), name: 'site', value: `site-${i % 200}` },
    { device: idOf(i), name: 'ring', value: ring },
  ]
}

function toAttributes(i: number) {
  const free = i % 10_000
  const others = ['confinement', 'kernel', 'node', 'seals', 'hardware']
  return [
    ...others.map(name => ({ device: idOf(i), name, value: 'as everywhere', amount: null })),
    { device: idOf(i), name: 'disk.free-mb', value: String(free), amount: free },
  ]
}

function toRelease(i: number) {
  const revision = 1 + (i % 4)
  const runs = { package: 'acme/till', revision, version: `${revision}.0`, tree: 'sha256:0' }
  return { device: idOf(i), ...runs }
}

function toWords(i: number) {
  const words = `till-${i} ${idOf(i)} acme/box ring=wide site=site-${i % 200} acme/till 2.0`
  return { device: idOf(i), words }
}
