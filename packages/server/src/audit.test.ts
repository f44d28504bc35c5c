import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { type AuditEntry, type AuditHead, verifyAudit } from '@steadfleet/protocol'
import { beginAudit, guards } from './store/begin-audit.ts'
import { isOverPostgres } from './testing/test-database.ts'
import { fleet } from './testing/test-fleet.ts'
import { openTestHouse, origin, type TestHouse } from './testing/test-house.ts'

let it: TestHouse
let anna: string

before(async () => {
  it = await openTestHouse()
  anna = await it.admit('anna', { '*': 'administrator' })
})
after(() => it?.[Symbol.asyncDispose]())

describe('the audit log', () => {
  test('says who did what, from where, and what was before and after it', async () => {
    await put('groups/attic', { query: 'silent' })
    await put('groups/attic', { query: 'held' })
    const [newest, before] = await entries('?act=putGroup')
    const { by, place, act, fleet: named, subject } = newest!
    assert.deepEqual(
      [by, place, act, named, subject],
      ['anna', 'session 127.0.0.1', 'putGroup', fleet, 'attic'],
    )
    assert.match(newest!.before, /silent/)
    assert.match(newest!.after, /held/)
    assert.deepEqual([before!.before, before!.after], ['', newest!.before])
  })

  test('has nothing of what was refused, asked or only read', async () => {
    const held = await head()
    assert.equal((await put('groups/Attic', { query: 'true' })).statusCode, 400)
    const viewer = await it.admit('vera', { '*': 'viewer' })
    assert.equal((await put('groups/attic', { query: 'true' }, viewer)).statusCode, 403)
    await ask('/v1/fleets')
    const acts = (await entries(`?limit=${(await head()).sequence - held.sequence}`)).map(
      ({ act, subject }) => `${act} ${subject}`,
    )
    assert.deepEqual(acts, ['redeemSignInToken vera', 'createSignInToken vera'])
  })

  test('has what is written outside of the database', async () => {
    const reply = await ask('/v1/signer/keys/timestamp', 'POST')
    assert.equal(reply.statusCode, 200, reply.body)
    const [newest] = await entries('?limit=1')
    assert.deepEqual(
      [newest?.act, newest?.by, newest?.subject],
      ['makeOnlineKey', 'anna', 'timestamp'],
    )
  })

  test('has no secret', async () => {
    const token = await ask('/v1/sign-in-links', 'POST')
    const enrol = await ask(`/v1/fleets/${fleet}/enrolment-tokens`, 'POST', {})
    const text = (await ask('/v1/audit/export')).body
    assert.match(text, /createEnrolmentToken/)
    for (const reply of [token, enrol]) {
      assert.equal(text.includes(JSON.parse(reply.body).token), false)
    }
    assert.equal(text.includes(anna.split('=')[1]!), false)
  })

  test('is told in pages, and by what was asked', async () => {
    const all = await entries('?limit=1000')
    const paged: AuditEntry[] = []
    for (let after = ''; ; after = `&after=${paged.at(-1)?.sequence}`) {
      const page = await entries(`?limit=3${after}`)
      if (page.length === 0) break
      paged.push(...page)
    }
    assert.deepEqual(paged, all)
    assert.ok((await entries('?by=vera')).every(({ by }) => by === 'vera'))
    assert.deepEqual(await entries('?until=2020-01-01T00:00:00Z'), [])
  })

  test('is one chain from its first entry to its head', async () => {
    assert.deepEqual(await verifyAudit(exported()), await head())
  })

  test('as CSV has a line for each entry, and no cell that a spreadsheet would run', async () => {
    await it.admit('=cmd()', { '*': 'viewer' })
    const { body, headers } = await ask('/v1/audit/export?format=csv')
    assert.match(String(headers['content-type']), /^text\/csv/)
    const lines = body.trimEnd().split('\r\n')
    assert.equal(lines.length, (await head()).sequence + 1)
    assert.ok(body.includes(",'=cmd(),"))
    assert.equal(body.includes(',=cmd(),'), false)
  })

  test('cannot be changed through the database as it is', async () => {
    await using database = await it.database.open()
    await assert.rejects(database.run("update audit set by = 'x'"), /only added to/)
    await assert.rejects(database.run('delete from audit where sequence = 2'), /only added to/)
  })
})

const unguarded = isOverPostgres
  ? 'drop trigger audit_is_not_changed on audit; drop function refuse_audit_change'
  : 'drop trigger audit_is_not_changed; drop trigger audit_is_not_removed'

describe('an audit log that was changed by hand', () => {
  const rows: [what: string, sql: string, code: string][] = [
    ['with a row changed', `update audit set by = 'bob' where sequence = 3`, 'audit/changed'],
    ['with a row removed', 'delete from audit where sequence = 3', 'audit/gap'],
    ['cut short', 'delete from audit where sequence > 5', 'audit/head'],
    [
      'with two rows swapped',
      'update audit set sequence = case sequence when 3 then -4 when 4 then -3 else sequence end; update audit set sequence = abs(sequence)',
      'audit/changed',
    ],
  ]
  for (const [what, sql, code] of rows) {
    test(`${what} is found out as ${code}`, async () => {
      const seen = await head()
      await using database = await it.database.open()
      await database.run(`create table kept as select * from audit; ${unguarded}; ${sql}`)
      await assert.rejects(verifyAudit(exported(), seen), { code })
      await database.run('delete from audit; insert into audit select * from kept; drop table kept')
      await database.run(guards[isOverPostgres ? 'postgres' : 'sqlite'])
      await verifyAudit(exported(), seen)
    })
  }
})

test('deeds from before there was an audit log begin it', async () => {
  using database = new DatabaseSync(':memory:')
  database.exec(`create table deed (
    id integer primary key, at text, by text, deed text, subject text, json text);
    insert into deed values
    (1, '2026-01-01T00:00:00Z', 'operator', 'grant: never', 'acme/bell', '{"fleet":"home"}'),
    (4, '2026-01-02T00:00:00Z', 'operator', 'review: policy', 'catalogue', '["camera"]')`)
  beginAudit.sqlite(database)
  const rows = database.prepare('select * from audit order by sequence').all()
  const kept = rows as unknown as AuditEntry[]
  assert.deepEqual(
    kept.map(({ act, fleet: of, subject }) => [act, of, subject]),
    [
      ['decideGrant', 'home', 'acme/bell'],
      ['setReviewPolicy', '', 'catalogue'],
    ],
  )
  const found = await verifyAudit(each(kept))
  assert.equal(found.sequence, 2)
  assert.throws(() => database.exec('select * from deed'), /no such table/)
})

function ask(url: string, method = 'GET', body?: object, cookie = anna) {
  const headers = { origin, host: new URL(origin).host, cookie, 'content-type': 'application/json' }
  const payload = body === undefined ? '' : JSON.stringify(body)
  return it.app.inject({ method: method as 'GET', url, headers, payload })
}

function put(path: string, body: object, cookie = anna) {
  return ask(`/v1/fleets/${fleet}/${path}`, 'PUT', body, cookie)
}

async function entries(query: string): Promise<AuditEntry[]> {
  return JSON.parse((await ask(`/v1/audit${query}`)).body)
}

async function head(): Promise<AuditHead> {
  return JSON.parse((await ask('/v1/audit/head')).body)
}

async function* exported(): AsyncGenerator<AuditEntry> {
  const lines = (await ask('/v1/audit/export')).body.split('\n').filter(line => line !== '')
  for (const line of lines) yield JSON.parse(line)
}

async function* each(rows: readonly AuditEntry[]): AsyncGenerator<AuditEntry> {
  yield* rows
}
