import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { AuditEntry } from '@steadfleet/protocol'
import { exits } from '../error.ts'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'

let it: ServedFleet
const done = (words: string) => it.done(words)

before(async () => {
  it = await openServedFleet()
})
after(() => it[Symbol.asyncDispose]())

describe('the audit log on the command line', { concurrency: false }, () => {
  test('lists who did what', async () => {
    await done('group set attic --name-prefix attic-')
    const [newest]: AuditEntry[] = JSON.parse(await done('audit list --json'))
    assert.deepEqual([newest?.by, newest?.act, newest?.subject], ['operator', 'putGroup', 'attic'])
    assert.match(await done('audit list --act putGroup'), /key 127\.0\.0\.1 +putGroup +attic/)
    assert.match(await done('audit list --by nobody'), /nothing was done yet/)
  })

  test('is verified, and remembered as far as it was', async () => {
    const first = JSON.parse(await done('audit verify --json'))
    await done('group remove attic')
    assert.equal(JSON.parse(await done('audit verify --json')).sequence, first.sequence + 1)
    await done(`audit verify --head ${first.sequence}:${first.hash}`)
    const other = await it.run(`audit verify --head ${first.sequence}:sha256:${'0'.repeat(64)}`)
    assert.equal(other.exit, exits.alarmed)
    assert.match(other.err, /audit\/head/)
  })

  test('of which this folder saw more than the server has is cut short', async () => {
    const path = join(it.fleet.home.directory, 'audit-head.json')
    const held = readFileSync(path, 'utf8')
    const { sequence, hash } = JSON.parse(held)
    writeFileSync(path, JSON.stringify({ sequence: sequence + 1, hash }))
    const { exit, err } = await it.run('audit verify')
    assert.deepEqual([exit, /audit\/head/.test(err)], [exits.alarmed, true])
    writeFileSync(path, '{}')
    assert.match((await it.run('audit verify')).err, /cli\/damaged/)
    writeFileSync(path, held)
  })

  test('as a file is verified without the server, and a changed one is not', async () => {
    await done('audit export --out log.jsonl')
    const path = join(it.directory, 'log.jsonl')
    assert.match(await done('audit verify log.jsonl'), /none changed, removed or inserted/)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    writeFileSync(path, lines.join('\n').replace('"act":"putGroup"', '"act":"setModel"'))
    const changed = await it.run('audit verify log.jsonl')
    assert.deepEqual([changed.exit, /audit\/changed/.test(changed.err)], [exits.alarmed, true])
    writeFileSync(path, lines.toSpliced(1, 1).join('\n'))
    assert.match((await it.run('audit verify log.jsonl')).err, /audit\/gap/)
    assert.match((await it.run('audit export --out log.jsonl')).err, /cli\/exists/)
    await done('audit export --format csv --out log.csv')
    assert.match(readFileSync(join(it.directory, 'log.csv'), 'utf8'), /^sequence,at,by,place,act/)
    assert.match((await it.run('audit export --format xml')).err, /cli\/usage/)
  })
})

describe('people on the command line', { concurrency: false }, () => {
  test('are invited with fewer rights, listed, changed and removed', async () => {
    const invited = JSON.parse(await done('people invite vera --role home=viewer --json'))
    assert.match(invited.url, /^http:\/\/localhost:\d+\/#sign-in=[\w-]{43}$/)
    assert.match(await done('people list'), /vera +viewer of home +0 +0/)
    assert.match(await done('people roles vera --role auditor'), /vera is auditor/)
    assert.match(await done('people sessions vera'), /no session is open/)
    const { url } = JSON.parse(await done('people link vera --json'))
    const [page = '', token] = url.split('#sign-in=')
    const reply = await fetch(`${page}v1/sign-in`, {
      method: 'POST',
      body: JSON.stringify({ token }),
    })
    assert.equal(reply.status, 200)
    assert.match(await done('people sessions vera'), /127\.0\.0\.1|::1/)
    await done('people sign-out vera')
    assert.match(await done('people sessions vera'), /no session is open/)
    await done('people remove vera')
    assert.match((await it.run('people link vera')).err, /cli\/not-found/)
    assert.match((await it.run('people invite ben --role king')).err, /cli\/usage/)
  })

  test('give machines tokens with a role and an end', async () => {
    const words = 'machine add graphs --role viewer --days 7 --json'
    const { token } = JSON.parse(await done(words))
    const headers = { authorization: `Bearer ${token}` }
    const url = `${it.fleet.home.server}/v1/fleets`
    assert.equal((await fetch(url, { headers })).status, 200)
    assert.match(await done('machine list'), /graphs +viewer +every one/)
    await done('machine remove graphs')
    assert.equal((await fetch(url, { headers })).status, 401)
    assert.match((await it.run('machine add x')).err, /cli\/usage/)
  })
})
