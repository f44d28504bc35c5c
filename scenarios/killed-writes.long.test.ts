import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type AuditEntry,
  exportAudit,
  getAuditHead,
  listDevices,
  listGroups,
  verifyAudit,
} from '../packages/protocol/src/index.ts'
import {
  type Acknowledged,
  eventsOf,
  writeMixed,
} from '../packages/server/src/testing/mixed-writes.ts'
import {
  fleet,
  follow,
  openTestFleet,
  type TestFleet,
} from '../packages/server/src/testing/test-fleet.ts'
import {
  noPostgres,
  startTestPostgres,
  type TestPostgres,
} from '../packages/server/src/testing/test-postgres.ts'

const writes = 1000
const timeout = 900_000

test('a server over SQLite that is killed at random loses nothing that it answered', {
  timeout,
}, async t => {
  const kills = await killWhileWriting(it => it.killAndRestart())
  t.diagnostic(`${writes} writes, ${kills} times killed`)
})

test('a server over PostgreSQL that is killed at random, as is its database, loses nothing that it answered', {
  ...{ skip: noPostgres, timeout },
}, async t => {
  await using postgres = await startTestPostgres()
  process.env.STEADFLEET_TEST_DATABASE = postgres.url()
  try {
    const kills = await killWhileWriting((it, die) => killEither(it, die, postgres))
    t.diagnostic(`${writes} writes, ${kills} times killed`)
  } finally {
    delete process.env.STEADFLEET_TEST_DATABASE
  }
})

/** The server twice of three times; its database else, and now and then both. */
async function killEither(it: TestFleet, die: number, postgres: TestPostgres): Promise<void> {
  if (die % 3 === 2) await postgres.restart(() => wait(200))
  else await it.killAndRestart(die % 7 === 0 ? () => postgres.restart() : undefined)
}

async function killWhileWriting(
  kill: (it: TestFleet, die: number) => Promise<void>,
): Promise<number> {
  await using it = await openTestFleet()
  await follow(it.operator)
  const releases = []
  for (const revision of [1, 2, 3, 4]) releases.push(await it.publish({ revision }))
  let isDone = false
  let kills = 0
  const writing = writeMixed(it, releases, writes).finally(() => {
    isDone = true
  })
  while (!isDone) {
    await Promise.race([writing, wait(500 + Math.random() * 2500)])
    if (isDone) break
    kills += 1
    await kill(it, kills)
  }
  const told = await writing
  assert.ok(kills >= 3, `killed ${kills} times`)
  await refuseLost(it, told)
  await refuseMiscounted(it, told)
  return kills
}

/** Every device, event and group that was answered is there, and each event once. */
async function refuseLost(it: TestFleet, told: Acknowledged): Promise<void> {
  const devices = await it.operator.call(listDevices, { params: { fleet } })
  const ids = new Set<string>(devices.map(({ id }) => id))
  assert.deepEqual(
    [...told.devices.keys()].filter(id => !ids.has(id)),
    [],
  )
  for (const [id, { acknowledged, sent }] of told.devices) {
    const held = await eventsOf(it, id)
    const all = held.map((_, i) => i + 1)
    assert.deepEqual(held, all, `events of ${id}`)
    assert.ok(held.length >= acknowledged && held.length <= sent, `${held.length} events of ${id}`)
  }
  const groups = new Map(
    (await it.operator.call(listGroups, { params: { fleet } })).map(({ name, query }) => [
      name,
      query,
    ]),
  )
  for (const [name, { taken }] of told.groups)
    assert.equal(groups.get(name as 'group'), taken, name)
}

/** The tallies of rollouts are what their moves say, device for device; the audit log is one chain, and names each act. */
async function refuseMiscounted(it: TestFleet, told: Acknowledged): Promise<void> {
  await using database = await it.database.open()
  const counted = await database.all(
    'select rollout, phase, state, count(*) as n from move group by rollout, phase, state order by rollout, phase, state',
  )
  const tallied = await database.all(
    "select rollout, phase, state, count as n from rollout_tally where count <> 0 and state <> 'crashed' order by rollout, phase, state",
  )
  assert.deepEqual(
    tallied.map(row => ({ ...row })),
    counted.map(row => ({ ...row })),
  )
  assert.ok(counted.some(({ state }) => state === 'done'))
  const { body } = await it.operator.open(exportAudit, { query: {} })
  const entries = await linesOf(body)
  assert.deepEqual(await verifyAudit(each(entries)), await it.operator.call(getAuditHead, {}))
  const enrolled = entries.filter(({ act }) => act === 'enrolDevice').map(({ subject }) => subject)
  assert.equal(new Set(enrolled).size, enrolled.length)
  assert.deepEqual(
    [...told.devices.keys()].filter(id => !enrolled.includes(id)),
    [],
  )
}

async function linesOf(bytes: AsyncIterable<Uint8Array>): Promise<AuditEntry[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  const lines = Buffer.concat(chunks).toString().trimEnd().split('\n')
  return lines.map(line => JSON.parse(line))
}

async function* each(entries: readonly AuditEntry[]): AsyncGenerator<AuditEntry> {
  yield* entries
}
