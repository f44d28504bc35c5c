import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { toPkcs8Pem } from '@steadfleet/authority'
import { type AuditEntry, emptyAudit, hashOfEntry, nextHead } from '@steadfleet/protocol'
import { listen } from '../http/app.ts'
import { guards } from '../store/begin-audit.ts'
import { ofSqliteAlone } from '../testing/test-database.ts'
import { fleet } from '../testing/test-fleet.ts'
import { openTestHouse, type TestHouse } from '../testing/test-house.ts'
import { openTestLog, type TestLog } from '../testing/test-log.ts'

const program = resolve(import.meta.dirname, '../../../cli/src/main.ts')
let log: TestLog
let it: TestHouse
let home: string
let server: Awaited<ReturnType<typeof listen>>
const hour = 3_600_000
const began = Date.now()
/** The server’s clock begins at half past: no hour ends while a test runs, unless it says so. */
let ahead = Math.floor(began / hour) * hour + hour / 2 - began

before(async () => {
  log = await openTestLog(1, 1)
  it = await openTestHouse({ log, now: () => new Date(Date.now() + ahead) })
  // So that there is something to cut off.
  await it.admit('anna', { '*': 'viewer' })
  server = await listen(
    (request, reply) => it.app.routing(request, reply),
    [{ host: '127.0.0.1', port: 0 }],
  )
  const address = server[0]?.address()
  const port = typeof address === 'object' ? address?.port : 0
  home = join(it.data, 'home')
  const url = `http://127.0.0.1:${port}`
  // What is signed is under an origin that the server knows.
  const origins = it.house.origins as string[]
  origins.push(url)
  await writeHome(url)
})
after(async () => {
  for (const one of server ?? []) one.close()
  await it?.[Symbol.asyncDispose]()
  await log?.[Symbol.asyncDispose]()
})

test('nothing of this hour is in the log yet', async () => {
  const { out } = await verify()
  assert.equal(out.log.heads, 0)
})

test('an hour later it holds how far the audit log went, and the command proves it', async () => {
  ahead += hour
  assert.ok(await it.house.log.settle(20_000))
  const { out, exit } = await verify()
  assert.deepEqual([exit, out.verified, out.log.heads], [0, true, 1])
  assert.ok(out.log.newest > 0 && out.log.newest <= out.sequence)
})

test('an hour in which nothing was done adds nothing', async () => {
  const { published } = it.house.log.view()
  assert.ok(await it.house.log.settle(20_000))
  assert.equal(it.house.log.view().published, published)
})

const tampered: [what: string, change: (entries: AuditEntry[]) => AuditEntry[]][] = [
  ['was written anew', entries => entries.map(entry => ({ ...entry, by: 'somebody else' }))],
  ['lacks an entry', ([, ...rest]) => rest],
  ['was cut off', ([first]) => (first ? [first] : [])],
]
for (const [what, change] of tampered) {
  const noticed = `an audit log that ${what} is noticed by who never saw it before`
  test(noticed, { skip: ofSqliteAlone }, async () => {
    const { exit, error } = await withEntries(change, verify)
    assert.deepEqual([exit, error.code], [8, 'audit/head'])
  })
}

/** As a thief of the server’s disk would write it: every entry fits the one before. */
async function withEntries<T>(
  change: (entries: AuditEntry[]) => AuditEntry[],
  run: () => Promise<T>,
): Promise<T> {
  await using opened = await it.database.open()
  const held = await opened.db.selectFrom('audit').selectAll().orderBy('sequence').execute()
  await opened.run('drop trigger audit_is_not_changed; drop trigger audit_is_not_removed')
  const put = async (entries: readonly AuditEntry[]): Promise<void> => {
    await opened.db.deleteFrom('audit').execute()
    for (const entry of entries) await opened.db.insertInto('audit').values(entry).execute()
  }
  await put(chained(change(held as AuditEntry[])))
  try {
    return await run()
  } finally {
    await put(held as AuditEntry[])
    await opened.run(guards.sqlite)
  }
}

function chained(entries: readonly AuditEntry[]): AuditEntry[] {
  let head = emptyAudit
  return entries.map(entry => {
    const next = { ...entry, sequence: head.sequence + 1, previous: head.hash }
    const written = { ...next, hash: hashOfEntry(next) }
    head = nextHead(head, written)
    return written
  })
}

/** The command line as somebody has it who has never verified before. */
async function verify() {
  await rm(join(home, 'audit-head.json'), { force: true })
  const words = [program, 'audit', 'verify', '--log', '--json', '--dir', home]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { out: '', err: '' }
  child.stdout.on('data', chunk => (texts.out += chunk))
  child.stderr.on('data', chunk => (texts.err += chunk))
  const [exit] = await once(child, 'close')
  const error = texts.err === '' ? undefined : JSON.parse(texts.err).error
  return { exit, out: JSON.parse(texts.out || '{}'), error }
}

async function writeHome(origin: string): Promise<void> {
  await mkdir(join(home, 'keys'), { recursive: true })
  await writeFile(join(home, 'keys', 'operator.pem'), toPkcs8Pem(it.operator), { mode: 0o600 })
  await writeFile(join(home, 'log-policy.json'), JSON.stringify(log.choice))
  const { catalogueRoot, ownerRoot } = it.first
  const file = { server: origin, fleet, publisher: 'acme', catalogueRoot, ownerRoot, keys: 'keys' }
  await writeFile(join(home, 'steadfleet.json'), JSON.stringify(file))
}
