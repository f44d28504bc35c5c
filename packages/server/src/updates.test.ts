import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { UpdatePolicy } from '@steadfleet/domain'
import { getDevice, listFleets, moveChannel, setUpdates } from '@steadfleet/protocol'
import type { TestDevice } from './testing/test-device.ts'
import { fleet, follow, moveStable, openTestFleet, type TestFleet } from './testing/test-fleet.ts'

let it: TestFleet
let device: TestDevice

before(async () => {
  it = await openTestFleet()
  await it.publish({ revision: 1 })
  await follow(it.operator)
  await moveStable(it.operator, 1)
  device = await it.join({ name: 'shelf' })
})
after(() => it[Symbol.asyncDispose]())

const policy: UpdatePolicy = {
  windows: [{ days: ['sat'], from: '02:00', to: '05:00' }],
  'time-zone': 'Europe/Berlin',
  consent: true,
  'security-delay-seconds': 3600,
}

describe('the update policy of a fleet', { concurrency: false }, () => {
  test('is not in its orders before anything is said', async () => {
    assert.equal((await ordered()).updates, undefined)
  })

  test('goes out with a new order, and is shown', async () => {
    const before = (await ordered()).counter
    const view = await set(policy)
    assert.deepEqual(view.updates, policy)
    const { counter, updates } = await ordered()
    assert.ok(counter > before)
    assert.deepEqual(updates, policy)
    const [listed] = await it.operator.call(listFleets, {})
    assert.deepEqual(listed?.updates, policy)
  })

  test('goes out beside the word on data, which stands until another revision is ordered', async () => {
    const move = async (revision: number, restored?: boolean) => {
      const [publisher, name, track, risk] = ['acme', 'greenhouse', 'latest', 'stable']
      const params = { publisher, name, track, risk } as const
      const body = { revision, ...(restored && { 'restore-data': true }) }
      const { rollouts } = await it.operator.call(moveChannel, { params, body })
      return rollouts[0]?.restoresData
    }
    await it.publish({ revision: 2 })
    assert.equal(await move(2), undefined)
    assert.equal((await ordered()).restores, undefined)
    assert.equal(await move(1, true), true)
    assert.deepEqual((await ordered()).restores, ['acme/greenhouse'])
    assert.equal(await move(2), undefined)
    assert.equal((await ordered()).restores, undefined)
  })

  test('that changes nothing orders nothing', async () => {
    const { counter } = await ordered()
    await set(policy)
    assert.equal((await ordered()).counter, counter)
  })

  const refused: [name: string, policy: unknown, code: string][] = [
    ['in a zone that nobody knows', { 'time-zone': 'Mars/Olympus' }, 'fleet/unknown-zone'],
    ['with a member that nobody knows', { 'max-delay': 1 }, 'schema/mismatch'],
    [
      'of a time that no clock reads',
      { windows: [{ from: '25:00', to: '26:00' }] },
      'schema/mismatch',
    ],
    ['of more than a year', { 'max-delay-seconds': 40_000_000 }, 'schema/mismatch'],
  ]
  for (const [name, body, code] of refused) {
    test(`${name} is refused`, async () => {
      await assert.rejects(set(body as UpdatePolicy), { code })
    })
  }

  test('that is cleared is in no order any more', async () => {
    await set({})
    assert.equal((await ordered()).updates, undefined)
  })
})

test('what an update of a device waits for is shown as the device said it', async () => {
  const asked = { params: { device: device.id } }
  assert.equal((await it.operator.call(getDevice, asked)).waiting, null)
  const reason = { kind: 'hold', why: 'it is on hold until somebody resumes it' } as const
  const waiting = { reasons: [reason], latest: '2026-12-05T12:00:00Z' }
  await device.checkIn({ state: 'ready', waiting })
  assert.deepEqual((await it.operator.call(getDevice, asked)).waiting, waiting)
})

function set(body: UpdatePolicy) {
  return it.operator.call(setUpdates, { params: { fleet }, body })
}

/** What the device’s order says, of which `trust` reads no update policy. */
async function ordered(): Promise<{
  counter: number
  updates?: UpdatePolicy
  restores?: readonly string[]
}> {
  const { order } = await device.checkIn({ counter: 0 })
  assert.ok(order, 'there is an order')
  const { counter, policy } = JSON.parse(Buffer.from(order.payload, 'base64').toString())
  return { counter, updates: policy.updates, restores: policy['restore-data'] }
}
