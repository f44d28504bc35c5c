import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { parsePackageName } from '@steadfleet/domain'
import { isOverPostgres, makeTestDatabase } from '../testing/test-database.ts'
import { auditBefore } from './audit-store.ts'
import { deviceWithId } from './device-store.ts'
import { fleetNamed } from './fleet-store.ts'
import { saidInFleet } from './grant-store.ts'
import { isolationOf } from './isolation-store.ts'
import { migrations } from './migrations.ts'
import { connect } from './postgres-connection.ts'
import { openStore } from './store.ts'
import { toPostgres } from './to-postgres.ts'

const device = 'dev_0123456789abcdefghij'
const camera = parsePackageName('acme/camera')
const at = '2026-11-01T00:00:00Z'
const ceiling = new Map([['camera', ['*']]])

/** What a server of the time kept: a fleet at work, in the middle of a rollout. */
const before = `
  insert into fact values ('fleet', 'home');
  insert into operator values ('key1', 'ada', 'operator', 'pem');
  insert into fleet (name, owner, model, updates) values ('home', 'own_1', 'acme/box/1/all', '{"hold":true}');
  insert into fleet_package values ('home', 'acme/camera', 'latest/stable');
  insert into device (id, name, fleet, model, architecture, public_key, enrolled_at, counter, ordered_counter)
    values ('${device}', 'hall', 'home', 'acme/box', 'amd64', 'pem', '${at}', 3, 3);
  insert into device_package values ('${device}', 'acme/camera', 2);
  insert into rollout (fleet, package, revision, channel, state, phases, why, created_at)
    values ('home', 'acme/camera', 2, 'latest/stable', 'running', '[]', '', '${at}');
  insert into move (rollout, device, position, phase, state) values (1, '${device}', 0, 0, 'ordered');
  insert into event (device, sequence, received_at, kind, json)
    values ('${device}', 1, '${at}', 'security', '{"code":"network/denied"}');
`
/** And one of when packages were granted things and isolated already. */
const granted = `${before}
  update fleet set isolate_from = 1000, grant_rules = '{"camera":["acme/*"]}';
  update device set isolation = '{"packages":["acme/camera"]}';
  insert into grant_decision values ('home', 'acme/camera', 'camera', 'fleet', 'home', 'never',
    '{"interface":"camera"}', 'ada', '${at}');
  insert into review values ('acme/camera', 2, 'approved', 'seen', 'ada', '${at}');
  insert into deed (at, by, deed, subject, json) values ('${at}', 'ada', 'grant: never', 'acme/camera', '{}');
`

test('a database of before there were grants and isolation keeps what it had, and learns both', async t => {
  await using store = await openStore(await oldDatabase(t, 7, before), () => new Date(at))
  const fleet = await fleetNamed(store.db, 'home')
  assert.deepEqual(
    [fleet.updates, fleet.isolate_from, fleet.model],
    ['{"hold":true}', null, 'acme/box/1/all'],
  )
  assert.deepEqual(isolationOf(await deviceWithId(store.db, device)), {})
  assert.deepEqual(await saidInFleet(store.db, 'home', ceiling), {
    ...{ decisions: [], rules: {}, modelRules: {}, ceiling },
  })
  assert.deepEqual(await movesIn(store.db), [[device, 'ordered', 2]])

  const said = { by: 'ada', now: at }
  await store.write('setIsolation', { device, package: camera, isIsolated: true, ...said })
  const asked = { fleet: 'home', package: camera, interface: 'camera', scope: 'fleet' } as const
  const request = { interface: 'camera' }
  const decision = { ...asked, target: 'home', verdict: 'never', request } as const
  await store.write('decideGrant', { ...decision, ...said })
  assert.deepEqual(isolationOf(await deviceWithId(store.db, device)), { packages: [camera] })
  const [first] = (await saidInFleet(store.db, 'home', ceiling)).decisions
  assert.deepEqual([first?.verdict, first?.request], ['never', request])
})

test('a database of before models granted anything keeps every grant, review and deed', async t => {
  await using store = await openStore(await oldDatabase(t, 9, granted), () => new Date(at))
  assert.deepEqual(isolationOf(await deviceWithId(store.db, device)), { packages: [camera] })
  assert.equal((await fleetNamed(store.db, 'home')).isolate_from, 1000)
  const { decisions, rules, modelRules } = await saidInFleet(store.db, 'home', ceiling)
  assert.deepEqual([rules, modelRules], [{ camera: ['acme/*'] }, {}])
  assert.deepEqual(
    decisions.map(({ interface: opened, verdict, by }) => [opened, verdict, by]),
    [['camera', 'never', 'ada']],
  )
  const acts = await auditBefore(store.db, {}, { before: undefined, limit: 10 })
  assert.deepEqual(
    acts.map(({ act, by, subject }) => [act, by, subject]),
    [['decideGrant', 'ada', 'acme/camera']],
  )
  const reviews = await store.db.selectFrom('review').select(['revision', 'verdict']).execute()
  assert.deepEqual(
    reviews.map(({ revision, verdict }) => [revision, verdict]),
    [[2, 'approved']],
  )
  assert.deepEqual(await movesIn(store.db), [[device, 'ordered', 2]])
})

test('one of a newer server is refused, and left as it is', async t => {
  const place = await oldDatabase(t, migrations.length + 1, '')
  await assert.rejects(
    openStore(place, () => new Date(at)),
    { code: 'server/newer-data' },
  )
})

/** The database of a server of that version, as it left it. */
async function oldDatabase(t: TestContext, version: number, rows: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-migrations-'))
  const made = await makeTestDatabase(folder)
  t.after(async () => {
    await made[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  if (isOverPostgres) await makeOldPostgres(made.place, version, rows)
  else makeOldSqlite(made.place, version, rows)
  return made.place
}

function makeOldSqlite(path: string, version: number, rows: string): void {
  using database = new DatabaseSync(path)
  for (const step of migrations.slice(0, version)) {
    if (typeof step === 'string') database.exec(step)
    else step.sqlite(database)
  }
  database.exec(`${rows}; pragma user_version = ${version}`)
}

async function makeOldPostgres(place: string, version: number, rows: string): Promise<void> {
  await using connection = await connect(place)
  for (const step of migrations.slice(0, version)) {
    if (typeof step === 'string') await connection.ask(toPostgres(step))
    else await step.postgres(connection.ask)
  }
  await connection.ask('create table schema_version (version bigint not null)')
  await connection.ask(`${rows}; insert into schema_version values (${version})`)
}

async function movesIn(db: Awaited<ReturnType<typeof openStore>>['db']) {
  const moves = await db
    .selectFrom('move')
    .innerJoin('rollout', 'rollout.id', 'move.rollout')
    .select(['move.device', 'move.state', 'rollout.revision'])
    .execute()
  return moves.map(move => [move.device, move.state, move.revision])
}
