import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { AuditEntry } from '@steadfleet/protocol'
import { exits } from '../error.ts'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'
import { connectByToken } from '../fleet/token.ts'

let it: ServedFleet
const done = (words: string, environment = {}) => it.done(words, environment)

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
    await speakByToken(token)
    await done('machine remove graphs')
    assert.equal((await fetch(url, { headers })).status, 401)
    assert.match((await it.run('machine add x')).err, /cli\/usage/)
  })
})

/** The command line itself is spoken for by a token, and never tells it. */
async function speakByToken(token: string): Promise<void> {
  const file = join(it.directory, 'graphs.token')
  writeFileSync(file, `${token}\n`, { mode: 0o600 })
  for (const environment of [{ STEADFLEET_TOKEN: token }, { STEADFLEET_TOKEN_FILE: file }]) {
    assert.match(await it.done('fleet list', environment), /home/)
    const refused = await it.run('people invite eva --role viewer', undefined, environment)
    assert.match(refused.err, /request\/not-permitted/)
  }
  const wrong: Record<string, string>[] = [
    { STEADFLEET_TOKEN: `${token} x` },
    { STEADFLEET_TOKEN_FILE: join(it.directory, 'none') },
  ]
  chmodSync(file, 0o644)
  for (const environment of [...wrong, { STEADFLEET_TOKEN_FILE: file }]) {
    const { exit, err } = await it.run('fleet list', undefined, environment)
    assert.deepEqual([exit, err.includes(token)], [exits.usage, false], err)
  }
  chmodSync(file, 0o600)
  const server = 'http://fleet.example'
  assert.throws(() => connectByToken({ server }, token), /others on the way may read it/)
}

describe('the guides', { concurrency: false }, () => {
  for (const name of ['people', 'audit']) {
    test(`say in ${name}.md what runs as it stands there`, async () => {
      const path = join(import.meta.dirname, '../../../../docs/guides', `${name}.md`)
      const blocks = readFileSync(path, 'utf8').matchAll(/```sh\n(.*?)```/gs)
      const lines = [...blocks].flatMap(([, block = '']) => block.trim().split('\n'))
      assert.ok(lines.length > 3)
      for (const line of lines) await follow(line)
    })
  }
})

/** What the last `machine add` printed. */
let token = ''

/** Does what a reader does who copies a line. */
async function follow(line: string): Promise<void> {
  const [, url] =
    /^curl -H "Authorization: Bearer \$TOKEN" http:\/\/127.0.0.1:8420(\S+)$/.exec(line) ?? []
  if (url !== undefined) {
    const headers = { authorization: `Bearer ${token}` }
    assert.equal((await fetch(it.fleet.home.server + url, { headers })).status, 200)
    return
  }
  const [, variable = '', words] = /^(?:(\S+) )?npx steadfleet (.+)$/.exec(line) ?? []
  assert.ok(words, `nobody can copy ${line}`)
  const [name = '', value = ''] = variable.split('=')
  const printed = await done(words, name === '' ? {} : { [name]: value })
  if (!words.startsWith('machine add')) return
  token = printed.trim()
  writeFileSync(join(it.directory, 'graphs.token'), token, { mode: 0o600 })
}
