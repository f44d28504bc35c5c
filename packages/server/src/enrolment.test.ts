import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { createEnrolmentToken, listDevices } from '@steadfleet/protocol'
import { fleet, openTestFleet, type TestFleet } from './testing/test-fleet.ts'

let it: TestFleet

before(async () => {
  it = await openTestFleet()
})
after(() => it[Symbol.asyncDispose]())

const agent = join(import.meta.dirname, '../../../build/steadfleet-agent.mjs')

describe('the line that a machine joins by', () => {
  const missing = [agent, '/usr/bin/curl'].find(file => !existsSync(file))
  const skip = missing !== undefined && `${missing} is not there`
  test('fetches the agent, checks it, and joins', { skip }, async () => {
    const { command } = await it.operator.call(createEnrolmentToken, {
      params: { fleet },
      body: {},
    })
    const home = await mkdtemp(join(tmpdir(), 'steadfleet-join-'))
    try {
      await promisify(execFile)('sh', ['-c', command], {
        env: { ...process.env, STEADFLEET_HOME: home },
      })
      const unit = readFileSync(join(home, 'steadfleet.service'), 'utf8')
      assert.match(unit, new RegExp(`^ExecStart=${home}/rescuer --json$`, 'm'))
      assert.ok(existsSync(join(home, 'rescuer')))
      const devices = await it.operator.call(listDevices, { params: { fleet } })
      assert.equal(devices.length, 1)
      const spoilt = command.replace(/"[0-9a-f]{64} {2}\$d\/agent/, `"${'0'.repeat(64)}  $d/agent`)
      await assert.rejects(
        promisify(execFile)('sh', ['-c', spoilt], {
          env: { ...process.env, STEADFLEET_HOME: home },
        }),
      )
    } finally {
      await rm(home, { recursive: true, force: true })
    }
  })

  test('refuses a machine without bubblewrap before it fetches anything', async () => {
    const { command } = await it.operator.call(createEnrolmentToken, {
      params: { fleet },
      body: {},
    })
    const home = join(tmpdir(), 'steadfleet-never-made')
    const env = { PATH: '/nowhere', STEADFLEET_HOME: home }
    const { status, stderr } = spawnSync('/bin/sh', ['-c', command], { env, encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(
      stderr,
      /^cannot join without bubblewrap .*: apt-get update && apt-get install .*\n$/,
    )
    assert.equal(existsSync(home), false)
  })
})
