import assert from 'node:assert/strict'
import { type SpawnOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, readdir, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import type { UpdatePolicy } from '@steadfleet/domain'
import { type LocalRole, type LocalStatus, localRoutes } from '@steadfleet/protocol'
import { runDevice } from '../device/command.ts'
import type { TestDevice } from '../testing/device.test.ts'
import type { PretendFleet } from '../testing/pretend-fleet.test.ts'
import { withFleet } from '../testing/stage.test.ts'
import { apiSocket } from './api-server.ts'

const good = { 'bin/main': 'well\n' }
const isRoot = process.getuid?.() === 0
/** Of nobody and of nogroup, and of some user and group that own nothing here. */
const [nobody, member, users] = [65_534, 64_123, 64_124]

describe('the interface of a device', { concurrency: 4 }, () => {
  test('says what runs, why nothing waits, and how it came to be', () =>
    withFleet(async ({ fleet, device }) => {
      assert.match(await command('why', device), /^Its fleet has ordered nothing yet\.$/)
      await committed(fleet, 1)
      const status: LocalStatus = JSON.parse(await command('status --json', device))
      assert.deepEqual(status.packages, [{ package: 'acme/hub', revision: 1, version: '1.0' }])
      assert.equal(status.state, 'committed')
      assert.match(await command('status', device), /acme\/hub revision 1 \(1\.0\)/)
      assert.match(await command('why', device), /^It runs what its fleet ordered \(order 1, gen/)
      // It is told that it is committed before that is noted.
      await fleet.until('it to be noted', () => device.say.history.changes[0])
      assert.match(await command('changes', device), /0 → 1 {2}committed {2}acme\/hub 1 \(new\)$/)
      assert.equal(await command('log acme/hub main --lines 5', device), 'a line of the log')
    }))

  test('explains a hold, and lets its owner go on at once', () =>
    withFleet(async ({ fleet, device }) => {
      await committed(fleet, 1)
      assert.match(await command('hold 3d', device), /^updates are on hold until 20/)
      await order(fleet, 2)
      await waiting(fleet, device)
      await assert.rejects(command('consent now', device), { code: 'agent/not-asked' })
      const why = (await command('why', device)).split('\n')
      assert.equal(why[0], 'There is an update: acme/hub 1 → 2.')
      assert.match(why[1] ?? '', /^It waits: it is on hold until 20/)
      assert.match(why[2] ?? '', /^At the latest at 20.* it goes on by itself\.$/)
      assert.match(await command('status', device), /waits: it is on hold/)
      assert.equal(await command('update-now', device), 'on it: acme/hub 1 → 2')
      await fleet.untilState('committed', 2)
      assert.match(await command('why', device), /^Updates are on hold until/)
      assert.equal(await command('resume', device), 'updates go on')
    }))

  test('says that it pauses where the link becomes metered while it fetches, and goes on from there', () =>
    withFleet(async ({ fleet, device }) => {
      await committed(fleet, 1)
      const film = randomBytes(3_000_000)
      const { sent } = fleet
      let isMetered = true
      Object.defineProperty(device, 'conditions', {
        get: () => ({ isMetered: isMetered && fleet.sent - sent > film.length }),
      })
      // A second passes between any two pieces.
      device.haste = 5000
      await order(fleet, 2, { ...good, film })
      await waiting(fleet, device)
      assert.match(
        await command('why', device),
        /It waits: the link is metered\.\nWhat has come of it is kept\./,
      )
      const [name = ''] = await readdir(device.paths.incoming)
      const { size } = await stat(join(device.paths.incoming, name))
      assert.ok(size > 0 && size < film.length, `${size} bytes of it are here`)
      isMetered = false
      device.say.gate.ring()
      await fleet.untilState('committed', 2)
      const { details } = await fleet.until('what came after that', () =>
        fleet.events.find(one => Number(one.details?.size) > film.length),
      )
      assert.ok(
        Number(details?.bytes) <= film.length - size + 100,
        `${details?.bytes} bytes: only the rest`,
      )
    }))

  test('says why it went back, by itself and by hand', () =>
    withFleet(async ({ fleet, device }) => {
      await committed(fleet, 1)
      await order(fleet, 2, { 'bin/main': 'sick\n' })
      await fleet.untilEvent('failure')
      await fleet.untilState('restored', 1)
      const why = await command('why', device)
      assert.match(
        why,
        /^The update acme\/hub 1 → 2 failed, and generation 1 came back: acme\/hub /,
      )
      assert.match(
        why,
        /acme\/hub: what is ordered failed here before, and is not tried again until something of it changes\.$/,
      )
      const keeps = { 'keep-rejected-days': 2, 'store-limit-bytes': 5_000_000 }
      await order(fleet, 3, good, keeps)
      await fleet.untilState('committed', 3)
      const status: LocalStatus = JSON.parse(await command('status --json', device))
      assert.deepEqual(status.keeps, { 'rejected-days': 2, 'store-limit-bytes': 5_000_000 })
      const [{ since = '', until = '' } = {}] = status.rejected
      assert.equal(Date.parse(until) - Date.parse(since), 2 * 86_400_000)
      assert.match(
        await command('status', device),
        /gone back from is kept for 2 days\nthe store may/,
      )
      assert.match(await command('revert', device), /^going back, to generation 1$/)
      await fleet.untilState('committed', 1)
      assert.match(
        await command('why', device),
        /^Somebody here went back to generation 1: order 3/,
      )
      await command('update-now', device)
      await fleet.untilState('committed', 3)
    }))

  test('takes the answer of whoever uses the device, about what was shown', () =>
    withFleet(async ({ fleet, device }) => {
      await committed(fleet, 1)
      await assert.rejects(command('consent now', device), { code: 'agent/other-update' })
      await order(fleet, 2, good, { consent: true })
      await waiting(fleet, device)
      assert.equal(await command('consent later 2h', device), 'the answer is noted')
      assert.match(await command('why', device), /It waits: somebody here said later, until 20/)
      await command('consent now', device)
      await fleet.untilState('committed', 2)
    }))

  test('says and is told whether the link is metered', () =>
    withFleet(async ({ device }) => {
      device.conditions = { isMetered: true, batteryPercent: 40, loadPercent: 7 }
      const { metered, battery, load } = JSON.parse(await command('status --json', device))
      assert.deepEqual({ metered, battery, load }, { metered: true, battery: 40, load: 7 })
      assert.equal(await command('metered no', device), 'the link is held to be not metered')
      assert.equal(await command('metered auto', device), 'the link is held to be metered')
    }))

  const wrong: [
    asked: [method: string, path: string, body?: string],
    status: number,
    type: string,
  ][] = [
    [['GET', '/v1/nothing'], 404, 'request/unknown-route'],
    [['PUT', '/v1/hold', '{}'], 404, 'request/unknown-route'],
    [['POST', '/v1/hold', '{"until":"soon"}'], 400, 'schema/mismatch'],
    [['POST', '/v1/hold', '{"forever":true}'], 400, 'schema/mismatch'],
    [['POST', '/v1/hold', '{"until":"2026-01-01T00:00:00Z","until":1}'], 400, 'json/duplicate-key'],
    [['POST', '/v1/hold', 'until'], 400, 'json/syntax'],
    [['POST', '/v1/hold', ' '.repeat(20_000)], 413, 'request/too-large'],
    [['GET', '/v1/log?package=hub&app=main'], 400, 'schema/mismatch'],
    [['GET', '/v1/changes?limit=all'], 400, 'schema/mismatch'],
    [['POST', '/v1/revert', '{}'], 409, 'agent/no-earlier'],
  ]
  test('refuses what it does not know, each with its code', () =>
    withFleet(async ({ device }) => {
      for (const [asked, status, type] of wrong) {
        const answer = await ask(device, 'owner', ...asked)
        assert.deepEqual([answer.status, answer.body.type], [status, type], asked.join(' '))
      }
    }))

  const lines: [line: string, code: string][] = [
    ['stop', 'agent/usage'],
    ['constructor', 'agent/usage'],
    ['hold tomorrow', 'agent/usage'],
    ['hold 3d 4d', 'agent/usage'],
    ['hold 2026-13-40', 'agent/usage'],
    ['metered perhaps', 'agent/usage'],
    ['consent perhaps', 'agent/usage'],
    ['log acme/hub', 'agent/usage'],
    ['revert --to earlier', 'agent/usage'],
    ['status --everything', 'agent/usage'],
  ]
  test('is not reached with a command that cannot be understood, or where no agent runs', () =>
    withFleet(async ({ device }) => {
      for (const [line, code] of lines) await assert.rejects(command(line, device), { code }, line)
      assert.match(await command('--help', device), /^steadfleet-agent device:.*Examples:/s)
      await device.stop()
      await assert.rejects(command('why', device), { code: 'agent/no-agent' })
      await device.start()
      assert.match(await command('why', device), /ordered nothing/)
    }))

  test(
    'is closed by the kernel to whoever is neither its owner nor of its group',
    { skip: !isRoot },
    () =>
      withFleet(async ({ fleet, device }) => {
        await device.stop()
        device.group = users
        await device.start()
        await letThrough(device)
        const modes = (['owner', 'user'] as const).map(async role => {
          const { mode, gid } = await stat(apiSocket(device.paths, role))
          return `${(mode & 0o777).toString(8)} ${gid}`
        })
        assert.deepEqual(await Promise.all(modes), ['600 0', `660 ${users}`])

        // Connecting, not what is asked, is refused: EACCES of connect(2).
        const stranger = as({ uid: nobody, gid: nobody }, device)
        assert.equal(await stranger('owner', 'GET', '/v1/status'), 'EACCES')
        assert.equal(await stranger('user', 'GET', '/v1/status'), 'EACCES')
        const user = as({ uid: member, gid: users }, device)
        assert.equal(await user('owner', 'GET', '/v1/status'), 'EACCES')
        assert.equal(await user('user', 'GET', '/v1/status'), '200')
        for (const { method, path, by } of Object.values(localRoutes)) {
          if (by === 'user') continue
          assert.equal(await user('user', method, path), '403 request/not-permitted', path)
        }
        await committed(fleet, 1)
        await order(fleet, 2, good, { consent: true })
        const { id } = await waiting(fleet, device)
        const body = JSON.stringify({ answer: 'now', update: id })
        assert.equal(await user('user', 'POST', '/v1/consent', body), '200')
        await fleet.untilState('committed', 2)
      }),
  )

  test('tells whoever may not connect so', { skip: !isRoot }, () =>
    withFleet(async ({ device }) => {
      await letThrough(device)
      const main = join(import.meta.dirname, '../main.ts')
      const args = [main, 'device', 'why', '--state', device.paths.root]
      const { status, stderr } = await run(args, { uid: nobody, gid: nobody })
      assert.equal(status, 1)
      assert.match(stderr, /^agent\/not-allowed: cannot ask the agent of .*: only its owner, and/)
    }),
  )
})

/** What a `device` command prints. */
async function command(line: string, { paths, world }: TestDevice): Promise<string> {
  const said: string[] = []
  const state = { now: world.now(), state: paths.root, say: (text: string) => void said.push(text) }
  await runDevice(line.split(' '), state)
  return said.join('\n')
}

async function committed(fleet: PretendFleet, revision: number): Promise<void> {
  await order(fleet, revision)
  await fleet.untilState('committed', revision)
}

async function order(
  fleet: PretendFleet,
  revision: number,
  files: Record<string, string | Uint8Array> = good,
  updates: UpdatePolicy = {},
): Promise<void> {
  const release = await fleet.publish('acme/hub', revision, { ...files, r: `${revision}` })
  const policy = { 'probation-seconds': 1, 'check-in-seconds': 60, updates }
  await fleet.give([release], { policy })
}

function waiting(fleet: PretendFleet, { say }: TestDevice) {
  return fleet.until('the update to wait', () => (say.gate.waiting ? say.gate.update : undefined))
}

interface Answer {
  readonly status: number
  readonly body: { readonly type?: string }
}

function ask(
  { paths }: TestDevice,
  role: LocalRole,
  method: string,
  path: string,
  body?: string,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request({ socketPath: apiSocket(paths, role), method, path })
  sent.on('error', reject)
  sent.on('response', async response => {
    let text = ''
    for await (const piece of response.setEncoding('utf8')) text += piece
    resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) })
  })
  sent.end(body)
  return promise
}

/** Asks as another user, in a process of that user’s: its status and code, or why it could not connect. */
function as(who: { uid: number; gid: number }, { paths }: TestDevice) {
  return async (role: LocalRole, method: string, path: string, body = '{}'): Promise<string> => {
    const target = JSON.stringify({ socketPath: apiSocket(paths, role), method, path })
    const script = `
      const sent = require('node:http').request(${target}, async response => {
        let text = ''
        for await (const piece of response.setEncoding('utf8')) text += piece
        const { type } = JSON.parse(text)
        console.log(response.statusCode + (type ? ' ' + type : ''))
      })
      sent.on('error', error => console.log(error.code))
      sent.end(${JSON.stringify(method === 'GET' ? '' : body)})`
    const { stdout, stderr } = await run(['-e', script], who)
    return stdout.trim() || stderr
  }
}

/** Node, as somebody else; ended where it takes too long. */
async function run(args: readonly string[], who: SpawnOptions) {
  const child = spawn(process.execPath, args, { ...who, cwd: '/', timeout: 30_000 })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', piece => {
      said[name] += piece
    })
  }
  const [status] = await once(child, 'close')
  return { ...said, status }
}

/** Test directories are closed to others; a device's state directory is not. */
async function letThrough({ paths }: TestDevice): Promise<void> {
  await chmod(paths.root, 0o755)
  await chmod(dirname(paths.root), 0o755)
}
