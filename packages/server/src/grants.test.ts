import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type InterfaceRequest, nobody, sumTallies } from '@steadfleet/domain'
import {
  compareRequests,
  decideGrant,
  forgetGrant,
  listAudit,
  listGrants,
  listReleases,
  listReviews,
  listRollouts,
  moveChannel,
  reviewRelease,
  setGrantRules,
  setReviewPolicy,
} from '@steadfleet/protocol'
import { orderIn, type TestDevice } from './testing/test-device.ts'
import {
  fleet,
  follow,
  greenhouse,
  moveStable,
  openTestFleet,
  type TestFleet,
} from './testing/test-fleet.ts'
import { publishModel } from './testing/test-model.ts'
import type { TestRelease } from './testing/test-release.ts'

const endpoint = (host: string) => ({ host, port: 443 })
const network = (...hosts: string[]): InterfaceRequest => ({
  interface: 'network',
  endpoints: hosts.map(endpoint),
})
type Verdict = 'granted' | 'refused' | 'never'

describe('grants', { concurrency: false }, () => {
  let it: TestFleet
  let one: TestDevice
  let two: TestDevice
  let counter = 0

  before(async () => {
    it = await openTestFleet()
    one = await it.join({ name: 'one' })
    two = await it.join({ name: 'two' })
    await follow(it.operator)
  })
  after(() => it[Symbol.asyncDispose]())

  test('of the first revision are those that the ceiling names it for, or that are by default', async () => {
    await rollOut(1, [network('a.example')])
    assert.deepEqual(await grantsOf(one), ['network'])
    const { grants } = await it.operator.call(listGrants, { params: { fleet }, query: {} })
    assert.deepEqual(
      grants.map(({ interface: name, is, by, waits, underCeiling }) => ({
        name,
        is,
        by,
        waits,
        underCeiling,
      })),
      [{ name: 'network', is: 'granted', by: 'ceiling', waits: false, underCeiling: true }],
    )
  })

  test('are waited for where a revision asks for an endpoint more: no device is moved', async () => {
    const release = await it.publish({
      revision: 2,
      interfaces: [network('a.example', 'b.example')],
    })
    await moveStable(it.operator, 2)
    const rollout = await newest()
    assert.deepEqual(rollout.waitsFor, release.record.behaviour.interfaces)
    assert.deepEqual(
      [rollout.state, sumTallies(rollout.tallies)],
      ['running', { ...nobody, waiting: 2 }],
    )
    assert.equal(await revisionOf(one), 1)
    const [grant] = (await it.operator.call(listGrants, { params: { fleet }, query: {} })).grants
    assert.deepEqual([grant?.revision, grant?.waits], [2, true])
  })

  test('are shown as a difference between the two', async () => {
    const params = greenhouse
    const changes = await it.operator.call(compareRequests, { params, query: { from: 1, to: 2 } })
    assert.deepEqual(
      changes.map(({ interface: name, change, asks, drops }) => [name, change, asks, drops]),
      [['network', 'more', ['endpoints {"host":"b.example","port":443}'], []]],
    )
    const none = it.operator.call(compareRequests, { params, query: { from: 1, to: 9 } })
    await assert.rejects(none, { code: 'release/unknown' })
  })

  test('given, let the rollout go on by itself', async () => {
    const { ordered } = await decide('granted')
    assert.equal(ordered, 1)
    assert.deepEqual((await newest()).waitsFor, [])
    assert.equal(await revisionOf(one), 2)
    assert.deepEqual(await grantsOf(one), ['network'])
    await settle(2)
  })

  test('taken from one device leave the others’ as they are, and come back', async () => {
    assert.equal((await decide('refused', 'device', one.id)).ordered, 1)
    assert.deepEqual([await grantsOf(one), await grantsOf(two)], [[], ['network']])
    await forget('device', one.id)
    assert.deepEqual(await grantsOf(one), ['network'])
  })

  test('are never given where the owner says never, whatever is said of a device', async () => {
    assert.equal((await decide('never')).ordered, 2)
    assert.deepEqual([await grantsOf(one), await grantsOf(two)], [[], []])
    await decide('granted', 'device', one.id)
    await rules({ network: ['*'] })
    assert.deepEqual(await grantsOf(one), [])
    await rules({})
    await forget('device', one.id)
    await decide('granted')
  })

  test('of a rule are waited for by nobody', async () => {
    await rules({ network: ['acme/*'] })
    await rollOut(3, [network('a.example', 'b.example', 'c.example')])
    assert.deepEqual(await grantsOf(two), ['network'])
    await rules({})
  })

  test('are by no rule of what is never granted automatically', async () => {
    await assert.rejects(rules({ 'time-control': ['acme/greenhouse'] }), {
      code: 'grant/never-by-rule',
    })
  })

  test('count under the ceiling alone', async () => {
    await it.publish({
      revision: 4,
      interfaces: [network('a.example'), { interface: 'network-lan', endpoints: [{ port: 1 }] }],
    })
    await moveStable(it.operator, 4)
    assert.deepEqual(
      (await newest()).waitsFor.map(wait => wait.interface),
      ['network-lan'],
    )
    await decide('granted', 'fleet', fleet, 'network-lan')
    assert.deepEqual(await grantsOf(one), ['network'])
    await settle(4)
    assert.deepEqual(await grantsOf(two), ['network'])
    const { grants } = await it.operator.call(listGrants, { params: { fleet }, query: {} })
    const lan = grants.find(grant => grant.interface === 'network-lan')
    assert.deepEqual([lan?.is, lan?.underCeiling], ['granted', false])
  })

  test('outlive a kill of the server, as what they wait for does', async () => {
    await it.publish({ revision: 5, interfaces: [network('d.example')] })
    await moveStable(it.operator, 5)
    await it.killAndRestart()
    assert.deepEqual(
      (await newest()).waitsFor.map(wait => wait.interface),
      ['network'],
    )
    await decide('never')
    assert.deepEqual((await newest()).waitsFor, [])
    assert.equal(await revisionOf(one), 5)
    assert.deepEqual(await grantsOf(one), [])
  })

  test('of the model are waited for by nobody, outlive a kill, and end with its next statement', async () => {
    const interfaces = [network('d.example'), { interface: 'serial-port' }]
    releases.set(6, await it.publish({ revision: 6, interfaces }))
    await moveStable(it.operator, 6)
    assert.deepEqual(
      (await newest()).waitsFor.map(wait => wait.interface),
      ['serial-port'],
    )
    await publishModel(it, 2, { 'serial-port': ['acme/*'], 'time-control': ['*'] })
    assert.deepEqual((await newest()).waitsFor, [])
    await settle(6)
    assert.deepEqual(await grantsOf(one), ['serial-port'])
    await it.killAndRestart()
    const { grants, modelRules } = await it.operator.call(listGrants, {
      params: { fleet },
      query: {},
    })
    const serial = grants.find(grant => grant.interface === 'serial-port')
    assert.deepEqual([serial?.is, serial?.by], ['granted', 'model'])
    assert.deepEqual(modelRules, { 'serial-port': ['acme/*'], 'time-control': ['*'] })
    await decide('refused', 'device', one.id, 'serial-port')
    assert.deepEqual([await grantsOf(one), await grantsOf(two)], [[], ['serial-port']])
    const standing = async (device: TestDevice['id']) => {
      const found = await it.operator.call(listGrants, { params: { fleet }, query: { device } })
      return found.grants.find(grant => grant.interface === 'serial-port')?.by
    }
    assert.deepEqual([await standing(one.id), await standing(two.id)], ['device', 'model'])
    await publishModel(it, 3, {})
    assert.deepEqual(await grantsOf(two), [])
  })

  const wrong: [what: string, change: object, code: string][] = [
    [
      'an interface that the package does not request',
      { interface: 'camera' },
      'grant/not-requested',
    ],
    ['a package that nobody published', { name: 'nothing' }, 'grant/not-requested'],
    [
      'a device that is not there',
      { scope: 'device', target: `dev_${'0'.repeat(20)}` },
      'device/unknown',
    ],
    ['another fleet as the target', { target: 'other' }, 'fleet/unknown'],
    ['a fleet that is not there', { fleet: 'other', target: 'other' }, 'grant/not-requested'],
    ['an interface that is no name', { interface: 'Network*' }, 'schema/mismatch'],
  ]
  for (const [what, change, code] of wrong) {
    test(`for ${what} are refused, and nothing is kept`, async () => {
      const before = await it.operator.call(listGrants, { params: { fleet }, query: {} })
      const params = { ...whole(), ...change } as ReturnType<typeof whole>
      const asked = it.operator.call(decideGrant, { params, body: { verdict: 'granted' } })
      await assert.rejects(asked, { code })
      assert.deepEqual(await it.operator.call(listGrants, { params: { fleet }, query: {} }), before)
    })
  }

  test('that nobody gave cannot be taken back, nor rules for what is no name be made', async () => {
    await assert.rejects(forget('device', two.id), { code: 'grant/unknown' })
    const bad = [{ network: ['**'] }, { network: ['acme/b*'] }, { 'no name': ['*'] }]
    for (const body of bad) await assert.rejects(rules(body), { code: 'schema/mismatch' })
  })

  test('are all written down with who gave them', async () => {
    const [newest] = await it.operator.call(listAudit, { query: { act: 'decideGrant' } })
    assert.deepEqual([newest?.by, newest?.subject], ['operator', 'acme/greenhouse'])
    assert.equal(JSON.parse(newest?.after ?? '').verdict, 'refused')
    for (const act of ['forgetGrant', 'setGrantRules']) {
      assert.notDeepEqual(await it.operator.call(listAudit, { query: { act } }), [], act)
    }
  })

  async function rollOut(revision: number, interfaces: InterfaceRequest[]): Promise<void> {
    releases.set(revision, await it.publish({ revision, interfaces }))
    await moveStable(it.operator, revision)
    await settle(revision)
  }

  const releases = new Map<number, TestRelease>()

  /** Every device says that it runs the revision. */
  async function settle(revision: number): Promise<void> {
    for (const device of [one, two]) {
      const order = await settled(device, revision)
      counter = Math.max(counter, order.counter)
      const [ordered] = order.releases
      const tree = releases.get(revision)?.record.tree ?? (await treeOf(revision))
      await device.checkIn({
        counter: order.counter,
        state: 'committed',
        releases: [{ package: ordered!.package, revision, version: '1', tree: tree.digest }],
      } as Parameters<TestDevice['checkIn']>[0])
    }
    assert.equal((await newest()).state, 'done')
  }

  async function treeOf(revision: number) {
    const all = await it.operator.call(listReleases, { query: {} })
    return all.find(release => release.revision === revision)!.tree
  }

  /** The order of a revision, once the server has signed it: it does so beside its replies. */
  async function settled(device: TestDevice, revision: number) {
    for (let tries = 0; tries < 500; tries += 1) {
      const reply = await device.checkIn({ counter: 0 })
      const content = reply.order && orderIn(reply)
      if (content?.releases[0]?.revision === revision) return content
      await setTimeout(10)
    }
    throw new Error('no order comes')
  }

  async function newest() {
    return (await it.operator.call(listRollouts, {}))[0]!
  }

  async function orderOf(device: TestDevice) {
    return orderIn(await device.checkIn({ counter: 0 }))
  }

  async function grantsOf(device: TestDevice): Promise<readonly string[] | undefined> {
    return (await orderOf(device))?.releases[0]?.grants
  }

  async function revisionOf(device: TestDevice): Promise<number | undefined> {
    return (await orderOf(device))?.releases[0]?.revision
  }

  function whole(scope: 'fleet' | 'device' = 'fleet', target: string = fleet, name = 'network') {
    return { fleet, ...greenhouse, interface: name, scope, target }
  }

  async function decide(verdict: Verdict, ...at: Parameters<typeof whole>) {
    await untilNothingIsDue()
    return it.operator.call(decideGrant, { params: whole(...at), body: { verdict } })
  }

  /** What was said before is ordered: what follows is of what is said now. */
  async function untilNothingIsDue(): Promise<void> {
    await using database = await it.database.open()
    const due = () => database.all('select id from device where order_due > 0')
    for (let tries = 0; tries < 1500; tries += 1) {
      if ((await due()).length === 0) return
      await setTimeout(20)
    }
    assert.fail('the orderer is never done')
  }

  function forget(...at: Parameters<typeof whole>) {
    return it.operator.call(forgetGrant, { params: whole(...at) })
  }

  function rules(body: Record<string, string[]>) {
    return it.operator.call(setGrantRules, { params: { fleet }, body })
  }
})

describe('what a reviewer must see', { concurrency: false }, () => {
  let it: TestFleet
  before(async () => {
    it = await openTestFleet()
    await it.operator.call(setReviewPolicy, { body: { interfaces: ['network'] } })
    await it.publish({ revision: 1, interfaces: [network('a.example')] })
    await it.publish({ revision: 2, interfaces: [network('a.example')] })
    await it.publish({ revision: 3, interfaces: [network('b.example')] })
  })
  after(() => it[Symbol.asyncDispose]())

  test('goes to edge freely, and to stable not before', async () => {
    await move('edge', 1)
    await assert.rejects(move('stable', 1), { code: 'release/not-reviewed' })
    const [review] = await it.operator.call(listReviews, {})
    assert.deepEqual([review?.revision, review?.verdict], [1, 'waiting'])
    assert.deepEqual(review?.requests, [network('a.example')])
  })

  test('goes there once it is approved, and with it what asks for no more', async () => {
    await say(1, 'approved')
    await move('stable', 1)
    await move('stable', 2)
    await assert.rejects(move('stable', 3), { code: 'release/not-reviewed' })
  })

  test('is refused with the reason once it is rejected, and may be approved later', async () => {
    await say(3, 'rejected')
    await assert.rejects(move('stable', 3), {
      code: 'release/not-reviewed',
      message: /rejected by operator: seen/,
    })
    await say(3, 'approved')
    await move('stable', 3)
    const said = await it.operator.call(listAudit, { query: { act: 'reviewRelease' } })
    assert.deepEqual(
      said.map(({ after }) => JSON.parse(after).verdict),
      ['approved', 'rejected', 'approved'],
    )
  })

  test('is no revision that nobody published, and no interface that there is not', async () => {
    await assert.rejects(say(9, 'approved'), { code: 'release/unknown' })
    const body = { interfaces: ['camera-of-old'] }
    await assert.rejects(it.operator.call(setReviewPolicy, { body }), {
      code: 'confine/unknown-interface',
    })
  })

  async function move(risk: string, revision: number): Promise<void> {
    const params = { ...greenhouse, track: 'latest', risk }
    await it.operator.call(moveChannel, { params, body: { revision } })
  }

  function say(revision: number, verdict: string) {
    const params = { ...greenhouse, revision }
    return it.operator.call(reviewRelease, { params, body: { verdict, reason: 'seen' } })
  }
})
