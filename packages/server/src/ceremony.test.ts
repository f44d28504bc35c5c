import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { listRoles } from '@steadfleet/protocol'
import { openTestFleet, type TestFleet } from './testing/test-fleet.ts'

describe('the roles of a new fleet', { concurrency: false }, () => {
  let it: TestFleet
  before(async () => {
    it = await openTestFleet()
  })
  after(() => it[Symbol.asyncDispose]())

  test('are all told, and none alarms', async () => {
    const roles = await it.operator.call(listRoles, {})
    assert.deepEqual(
      roles.map(({ catalogue, role, version, alarm, online, counts }) => [
        `${catalogue ?? 'owner'}/${role}`,
        version,
        alarm,
        online,
        counts,
      ]),
      [
        ['owner/owner-root', 1, 0, false, true],
        ['owner/policy', 1, 0, false, true],
        ['acme/root', 1, 0, false, true],
        ['acme/targets', 1, 0, false, true],
        ['acme/acme', 1, 0, false, true],
        ['acme/snapshot', 1, 0, true, true],
        ['acme/timestamp', 1, 0, true, true],
      ],
    )
  })

  test('are told to nobody unknown', async () => {
    await assert.rejects(it.anyone.call(listRoles, {}), { code: 'request/not-signed-in' })
  })
})
