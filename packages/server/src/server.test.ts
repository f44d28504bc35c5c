import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type DeviceEvent, devicesIn, type Rollout, sumTallies } from '@steadfleet/domain'
import {
  deviceTimeline,
  getDevice,
  getRollout,
  listFailures,
  listMoves,
  listReleases,
  listRollouts,
  reviewRelease,
} from '@steadfleet/protocol'
import { orderIn, type TestDevice } from './testing/test-device.ts'
import {
  follow,
  greenhouse,
  moveStable,
  openTestFleet,
  type TestFleet,
} from './testing/test-fleet.ts'
import type { TestRelease } from './testing/test-release.ts'

describe('a fleet from first release to a halted one', { concurrency: false }, () => {
  let it: TestFleet
  let devices: TestDevice[]
  let releases: TestRelease[]

  before(async () => {
    it = await openTestFleet()
    devices = [
      await it.join({ name: 'one' }),
      await it.join({ name: 'two' }),
      await it.join({ name: 'three' }),
    ]
    releases = []
    await follow(it.operator)
  })
  after(() => it[Symbol.asyncDispose]())

  test('a publication becomes a release that anyone can list', async () => {
    releases.push(await it.publish({ revision: 1, interfaces: ['network', 'camera'] }))
    const [release] = await it.operator.call(listReleases, {})
    assert.equal(release?.revision, 1)
    assert.deepEqual(release?.tree, releases[0]!.record.tree)
  })

  test('moving the channel orders the first device alone', async () => {
    await assert.rejects(moveStable(it.operator, 1), { code: 'release/not-reviewed' })
    const params = { ...greenhouse, revision: 1 }
    const body = { verdict: 'approved', reason: 'the ceiling shuts it out' }
    await it.operator.call(reviewRelease, { params, body })
    const { rollouts } = await moveStable(it.operator, 1)
    assert.equal(rollouts[0]?.state, 'running')
    const [one, two, three] = await Promise.all(devices.map(device => ordered(device)))
    assert.deepEqual([two, three], [undefined, undefined])
    assert.equal(one?.counter, 1)
    assert.deepEqual(
      one?.releases.map(({ revision, grants }) => [revision, grants]),
      [[1, ['network']]],
    )
  })

  test('a signed report of the new tree opens the next phases, until all are done', async () => {
    await done(devices[0]!, releases[0]!, 1)
    for (const device of devices.slice(1)) {
      assert.equal((await settled(device)).releases[0]?.revision, 1)
      await done(device, releases[0]!, 1)
    }
    assert.equal((await newest()).state, 'done')
  })

  test('an acknowledgement is no proof: a report of another tree does not count', async () => {
    releases.push(await it.publish({ revision: 2 }))
    await moveStable(it.operator, 2)
    assert.equal((await settled(devices[0]!)).counter, 2)
    await devices[0]!.checkIn({
      counter: 2,
      state: 'committed',
      releases: [installed(releases[0]!)],
    })
    assert.equal((await moves())[0], 'ordered')
    await devices[0]!.checkIn({
      counter: 2,
      state: 'probation',
      releases: [installed(releases[1]!)],
    })
    assert.equal((await moves())[0], 'ordered')
    await done(devices[0]!, releases[1]!, 2)
    for (const device of devices.slice(1)) {
      await settled(device)
      await done(device, releases[1]!, 2)
    }
    assert.equal((await newest()).state, 'done')
  })

  test('a device that went back halts the rollout, and is ordered what it went back to', async () => {
    releases.push(await it.publish({ revision: 3 }))
    await moveStable(it.operator, 3)
    const order = await settled(devices[0]!)
    assert.equal(order.releases[0]?.revision, 3)
    const reply = await devices[0]!.checkIn({
      counter: order.counter,
      state: 'restored',
      releases: [installed(releases[1]!)],
      events: [failure(1, 3)],
    })
    assert.equal(reply.acknowledged, 1)
    const rollout = await newest()
    assert.equal(rollout.state, 'halted')
    assert.notEqual(rollout.why, '')
    assert.deepEqual(await moves(), ['rolled back', 'waiting', 'waiting'])
    assert.equal((await settled(devices[0]!)).releases[0]?.revision, 2)
    assert.equal((await devices[1]!.checkIn({})).order, null)
  })

  test('the failure is listed with its log lines, and stands in the timeline once', async () => {
    const [found] = await it.operator.call(listFailures, { query: {} })
    assert.deepEqual([found?.deviceName, found?.failure.log], ['one', ['it broke']])
    const again = await devices[0]!.checkIn({ events: [failure(1, 3)] })
    assert.equal(again.acknowledged, 1)
    const timeline = await it.operator.call(deviceTimeline, {
      params: { device: devices[0]!.id },
      query: {},
    })
    assert.equal(timeline.length, 1)
  })

  test('a new device begins with what the fleet has settled on, not with what halted', async () => {
    const late = await it.join({ name: 'late' })
    assert.equal((await settled(late)).releases[0]?.revision, 2)
    const view = await it.operator.call(getDevice, { params: { device: late.id } })
    assert.equal(view.online, true)
    assert.equal((await moves()).length, 4)
  })

  async function moves(): Promise<string[]> {
    const { id, tallies } = await newest()
    const all = await it.operator.call(listMoves, { params: { rollout: id }, query: {} })
    assert.equal(devicesIn(sumTallies(tallies)), all.length)
    return all.map(({ state }) => state)
  }

  async function newest(): Promise<Rollout> {
    const [rollout] = await it.operator.call(listRollouts, {})
    return it.operator.call(getRollout, { params: { rollout: rollout!.id } })
  }
})

/** The order a device gets, asked for until it comes; the server signs it after it answered. */
async function settled(device: TestDevice): Promise<ReturnType<typeof orderIn>> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const order = await ordered(device)
    if (order) return order
  }
  throw new Error('no order comes')
}

async function ordered(device: TestDevice) {
  const reply = await device.checkIn()
  return reply.order ? orderIn(reply) : undefined
}

function installed({ record }: TestRelease) {
  const { revision, version } = record
  return { package: record.package, revision, version, tree: record.tree.digest }
}

async function done(device: TestDevice, release: TestRelease, counter: number): Promise<void> {
  await device.checkIn({ counter, state: 'committed', releases: [installed(release)] })
}

function failure(sequence: number, revision: number): DeviceEvent {
  return {
    sequence,
    at: '2026-11-21T00:00:00Z',
    kind: 'failure',
    message: 'went back',
    failure: {
      kind: 'probation',
      package: 'acme/greenhouse' as never,
      revision,
      reason: 'it died',
      log: ['it broke'],
    },
  }
}
