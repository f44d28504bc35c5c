import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { fromBase64Url, toBase64Url, toUtf8 } from '../../packages/base/src/index.ts'
import { packageParams } from '../../packages/cli/src/fleet/find.ts'
import { programs } from '../../packages/cli/src/process/checkout.ts'
import { setSettings } from '../../packages/protocol/src/index.ts'
import { whyNoPage } from '../page.ts'
import { runAgent } from '../shipped-agent.ts'
import { page, Siege } from '../siege.ts'

let siege: Siege

describe('what people ask for', { concurrency: false, skip: whyNoPage() }, () => {
  before(async () => {
    siege = await Siege.open(['shelf'])
  })
  after(() => siege?.close())

  test('a token that is used, expired or unknown lets no device in and leaves it as it was', async () => {
    const used = await siege.token(siege.device('shelf').proxy.origin)
    const [first, second] = [join(siege.directory, 'first'), join(siege.directory, 'second')]
    await runAgent(['join', used, '--state', first])
    const made = JSON.parse(Buffer.from(fromBase64Url(used.slice(4))).toString())
    const unknown = `sf1.${toBase64Url(toUtf8(JSON.stringify({ ...made, secret: 'x'.repeat(43) })))}`
    const expired = await siege.token(siege.device('shelf').proxy.origin)
    expireTokens(join(siege.fleet.home.directory, 'server'))
    for (const token of [used, expired, unknown]) {
      const refusal = runAgent(['join', token, '--state', second])
      await assert.rejects(refusal, { exit: 1, message: /^enrolment\/refused: cannot enrol: .*$/ })
      assert.equal(existsSync(join(second, 'identity', 'enrolment.json')), false)
    }
    const log = readFileSync(join(siege.directory, 'server.log'), 'utf8')
    assert.equal(log.match(/enrolment\/refused/g)?.length, 3)
    assert.equal(log.includes(made.secret), false)
    // The device that was refused may still join, with the key it made.
    const fresh = await siege.token(siege.device('shelf').proxy.origin)
    await runAgent(['join', fresh, '--state', second])
    for (const state of [first, second]) rmSync(state, { recursive: true })
  })

  const values: [
    what: string,
    name: string,
    values: Record<string, string | number>,
    code: string,
  ][] = [
    ['of a wrong type', page, { greeting: 7 }, 'setting/mismatch'],
    ['that is unknown', page, { colour: 'red' }, 'setting/mismatch'],
    [
      'of a package that is not there',
      'acme/nothing',
      { greeting: 'hi' },
      'setting/unknown-package',
    ],
  ]
  for (const [what, name, given, code] of values) {
    test(`a setting ${what} is refused, and nothing is ordered`, async () => {
      const { client, home } = siege.fleet
      const device = siege.device('shelf')
      const before = await device.view()
      const scope = { scope: 'device', target: device.id } as const
      const params = { fleet: home.fleet, ...packageParams(name), ...scope }
      await assert.rejects(client.call(setSettings, { params, body: { values: given } }), { code })
      const { orderedCounter, generation } = await device.view()
      assert.deepEqual([orderedCounter, generation], [before.orderedCounter, before.generation])
    })
  }

  test('a second server on one data directory refuses to start and names the first', async () => {
    const data = join(siege.fleet.home.directory, 'server')
    const second = promisify(execFile)(process.execPath, [
      ...[programs.server, '--data', data, '--listen', '127.0.0.1:0'],
    ])
    await assert.rejects(second, ({ code, stderr }: { code: number; stderr: string }) => {
      assert.equal(code, 1)
      const said = JSON.parse(stderr.trim().split('\n').at(-1) ?? '')
      assert.equal(said.code, 'server/locked')
      assert.match(said.message, /^cannot serve .*: process \d+ already does$/)
      return true
    })
    await siege.device('shelf').order(1)
    await siege.device('shelf').runs(1)
  })
})

/** Time passes for every token that is out: the shortest that can be had lives for a minute. */
function expireTokens(data: string): void {
  using database = new DatabaseSync(join(data, 'steadfleet.db'))
  database.exec("update enrolment_token set expires_at = '2020-01-01T00:00:00Z'")
}
