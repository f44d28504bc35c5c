import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'

describe('steadfleet simulate', { concurrency: false }, () => {
  let it: ServedFleet
  before(async () => {
    it = await openServedFleet()
  })
  after(() => it[Symbol.asyncDispose]())

  test('lets devices join, says how far they are, and ends when told', async () => {
    const said = await it.done('simulate --devices 3 --for 2s --json')
    const last = JSON.parse(said.trim().split('\n').at(-1) ?? '')
    assert.deepEqual([last.devices, last.phases], [3, { idle: 3 }])
    assert.equal(JSON.parse(await it.done('device list --json')).length, 3)
  })

  test('has the same devices for the same seed, so that nothing joins twice', async () => {
    const said = await it.done('simulate --devices 3 --for 1s')
    assert.match(said, /3 devices, \d connected; 3 idle/)
    assert.equal(JSON.parse(await it.done('device list --json')).length, 3)
  })

  for (const words of [
    '--devices 0',
    '--devices many',
    '--seed -1',
    '--probation long',
    '--breaks 3',
    '--breaks 3=2',
    '--breaks =0.1',
    '--fails 1.5',
    '--slow x',
  ]) {
    test(`refuses ${words}`, async () => {
      const { exit, err } = await it.run(`simulate ${words}`)
      assert.notEqual(exit, 0)
      assert.match(err, /cli\/usage/)
    })
  }
})
