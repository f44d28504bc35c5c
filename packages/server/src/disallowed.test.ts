import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { draftOwner, type Signer, signerFromSeed } from '@steadfleet/authority'
import { getDevice, getRollout, steerRollout } from '@steadfleet/protocol'
import type { Order } from '@steadfleet/trust'
import { ownerAt, putOwner, signedBy } from './testing/ceremonies.ts'
import { orderIn, type TestDevice } from './testing/test-device.ts'
import { follow, moveStable, openTestFleet, type TestFleet } from './testing/test-fleet.ts'
import type { TestRelease } from './testing/test-release.ts'

describe('a publisher that the owner refuses while its releases run', {
  concurrency: false,
}, () => {
  let it: TestFleet
  let owners: Signer[]
  let runs: TestDevice
  let one: TestRelease
  let two: TestRelease
  let rollout = 0

  before(async () => {
    it = await openTestFleet()
    owners = it.seeds.owner.map(signerFromSeed)
    one = await it.publish({ revision: 1 })
    two = await it.publish({ revision: 2 })
    await moveStable(it.operator, 1)
    await follow(it.operator)
    runs = await it.join()
    await takeOrder(runs, one)
    rollout = (await moveStable(it.operator, 2)).rollouts[0]?.id ?? 0
  })
  after(() => it[Symbol.asyncDispose]())

  test('is ordered on at the revision that a device runs, whatever it was on its way to', async () => {
    const offered = orderIn(await runs.checkIn())
    assert.equal(offered.releases[0]?.revision, 2)
    await say(true)
    const order = await ordered(runs, 1)
    assert.equal(order.counter, offered.counter + 1)
    assert.equal(order.releases[0]?.record.digest, digestOf(one))
  })

  test('is told wherever the device is', async () => {
    const view = await it.operator.call(getDevice, { params: { device: runs.id } })
    assert.deepEqual(view.disallowed, ['acme/greenhouse'])
  })

  test('has its rollouts halted, and none resumed or begun', async () => {
    const params = { rollout }
    assert.equal((await it.operator.call(getRollout, { params })).state, 'halted')
    const resumed = it.operator.call(steerRollout, { params: { ...params, event: 'resume' } })
    await assert.rejects(resumed, { code: 'release/not-allowed' })
    await assert.rejects(moveStable(it.operator, 1), { code: 'release/not-allowed' })
  })

  test('is ordered as it runs, where a change that began before ended after', async () => {
    await runs.checkIn({ releases: [installed(two)] })
    const { releases } = await ordered(runs, 2)
    assert.equal(releases[0]?.record.digest, digestOf(two))
  })

  test('brings a device nothing that does not run it', async () => {
    const fresh = await it.join({ name: 'fresh' })
    assert.equal((await fresh.checkIn()).order, null)
  })

  test('goes on where it was once it counts again and somebody resumes', async () => {
    await runs.checkIn({ releases: [installed(one)] })
    await ordered(runs, 1)
    await say(false)
    const steered = { params: { rollout, event: 'resume' } }
    assert.equal((await it.operator.call(steerRollout, steered)).state, 'running')
    await ordered(runs, 2)
  })

  async function say(isRefused: boolean): Promise<void> {
    const change = {
      place: ['catalogue', 'acme', 'refused'] as const,
      member: 'acme',
      isThere: isRefused,
    }
    const files = await ownerAt(it.operator, 1)
    const draft = draftOwner(files, { roles: new Map(), policy: [change] }, new Date())
    await putOwner(it.operator, await signedBy(draft, owners))
  }
})

async function takeOrder(device: TestDevice, release: TestRelease): Promise<void> {
  const { counter } = orderIn(await device.checkIn())
  await device.checkIn({ counter, releases: [installed(release)] })
}

function installed({ record }: TestRelease) {
  const { package: name, revision, version, tree } = record
  return { package: name, revision, version, tree: tree.digest }
}

/** The order of just this revision of the greenhouse, once the server has signed it. */
async function ordered(device: TestDevice, revision: number): Promise<Order> {
  for (const started = Date.now(); Date.now() - started < 10_000; await wait(20)) {
    const order = orderIn(await device.checkIn())
    const [only, ...others] = order.releases
    if (only?.revision === revision && others.length === 0) return order
  }
  throw new Error(`no order of revision ${revision} came`)
}

function digestOf({ recordBytes, objects }: TestRelease): string | undefined {
  return [...objects].find(([, bytes]) => bytes === recordBytes)?.[0]
}
