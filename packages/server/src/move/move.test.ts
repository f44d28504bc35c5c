import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { digestOf } from '@steadfleet/base'
import { parseDeviceId, toTimestamp } from '@steadfleet/domain'
import { verifyAudit } from '@steadfleet/protocol'
import { lockFolder } from '../disk/lock.ts'
import { databasePlace } from '../first-start.ts'
import { auditHead, auditPages } from '../store/audit-store.ts'
import { devicesOf } from '../store/device-store.ts'
import { openStore, type Store } from '../store/store.ts'
import { isOverPostgres, makeTestDatabase, type TestDatabase } from '../testing/test-database.ts'

const noon = '2026-11-22T12:00:00Z'
const box = (i: number) => parseDeviceId(`dev_${String(i).padStart(20, 'a')}`)
const skip = isOverPostgres ? false : 'runs where STEADFLEET_TEST_DATABASE names a PostgreSQL'
const program = join(import.meta.dirname, '../main.ts')
/** More than one batch of rows. */
const devices = 1100

describe('a fleet that moves from SQLite to PostgreSQL', { skip }, () => {
  let folder: string
  let database: TestDatabase
  let file: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'steadfleet-move-'))
    database = await makeTestDatabase(folder)
    file = join(folder, 'steadfleet.db')
    await fill(file)
  })
  after(async () => {
    await database?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  test('does not while a server runs', async () => {
    using _running = await lockFolder(folder, 1)
    assert.match((await move()).said, /server\/locked/)
  })

  test('goes nowhere but to PostgreSQL, and repeats no address that may hold a password', async () => {
    const { exit, said } = await move('mysql://fleet:secret@there/fleet')
    assert.equal(exit, 1)
    assert.match(said, /server\/configuration/)
    assert.doesNotMatch(said, /secret/)
  })

  test('does not into a database that holds another, and leaves that alone', async () => {
    const other = await makeTestDatabase(folder)
    try {
      await using store = await openStore(other.place, () => new Date(noon))
      await begin(store)
      assert.match((await move(other.place)).said, /server\/not-empty/)
      assert.deepEqual(await devicesOf(store.db, 'home'), [])
    } finally {
      await other[Symbol.asyncDispose]()
    }
  })

  test('arrives whole although it was killed on its way, and the file stays as it was', async () => {
    const held = digestOf(await readFile(file))
    assert.equal((await move(database.place, /"table":"device"/)).exit, null)
    const { exit, said } = await move()
    assert.equal(exit, 0, said)
    assert.match(said, /"wasThere":false/)
    assert.equal(digestOf(await readFile(file)), held)
    assert.match((await move()).said, /"wasThere":true/)
  })

  test('has the same devices there, and its audit log goes on', async () => {
    await using store = await openStore(database.place, () => new Date(noon))
    const all = await devicesOf(store.db, 'home')
    assert.deepEqual([all.length, all.at(-1)?.id], [devices, box(devices - 1)])
    const { sequence } = await auditHead(store.db)
    await enrol(store, devices, 'after')
    const added = (await devicesOf(store.db, 'home')).at(-1)
    // The number of the device that is gone is not given out again.
    assert.deepEqual([added?.id, added?.number], [box(devices), devices + 2])
    const head = await verifyAudit(each(store))
    assert.equal(head.sequence, sequence + 2)
  })

  test('is not served from the file any more by mistake', async () => {
    assert.ok(existsSync(join(folder, 'moved.json')))
    await assert.rejects(databasePlace({ folder }), { code: 'server/moved' })
    assert.equal(await databasePlace({ folder, database: database.place }), database.place)
  })

  /** A real process that moves; killed when it says this. */
  async function move(to = database.place, killAt?: RegExp) {
    const child = spawn(process.execPath, [program, '--data', folder, '--move'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, STEADFLEET_SERVER_DATABASE: to },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        said += String(chunk)
        if (killAt?.test(said)) child.kill('SIGKILL')
      })
    }
    await once(child, 'close')
    return { exit: child.exitCode, said }
  }
})

/** A file of a fleet at work, with everything that is hard to carry: texts of all kinds, holes, a row that is gone. */
async function fill(file: string): Promise<void> {
  {
    await using store = await openStore(file, () => new Date(noon))
    await begin(store)
    for (let i = 0; i < 20; i += 1) await enrol(store, i, `„Büro“ ${i} \\u0000 '"\n\t😀`)
  }
  using opened = new DatabaseSync(file)
  opened.exec(`with recursive n(i) as (select 20 union all select i + 1 from n where i < ${devices})
    insert into device (id, name, fleet, model, architecture, public_key, enrolled_at)
    select 'dev_' || substr('aaaaaaaaaaaaaaaaaaaa' || i, -20), 'shelf', 'home', '', 'amd64', 'k' || i, '${noon}' from n;
    delete from device where number = (select max(number) from device);
    insert into event (device, sequence, received_at, kind, json)
    select id, 1, '${noon}', 'agent', '{"message":"\\u0000 \\ud83d"}' from device;
    pragma wal_checkpoint(truncate)`)
}

async function begin(store: Store): Promise<void> {
  const facts = { owner: 'own_0123456789abcdefghij', fleet: 'home', model: 'acme/box/1/all' }
  await store.write('importConfiguration', {
    ...{ facts, operators: [], checkInSeconds: 900, probationSeconds: null },
  })
}

async function enrol(store: Store, i: number, name: string): Promise<void> {
  const expiresAt = toTimestamp(new Date('2027-01-01T00:00:00Z'))
  await store.write('createEnrolmentToken', { hash: `t${i}`, fleet: 'home', expiresAt })
  const claim = { publicKey: `k${i}`, name, model: '', architecture: 'amd64' } as const
  await store.write('enrolDevice', { hash: `t${i}`, device: box(i), claim, now: noon })
}

async function* each(store: Store) {
  for await (const page of auditPages(store.db, {})) yield* page
}
