import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { makePolicy, signerFromSeed, signStatement } from '@steadfleet/authority'
import { type DeviceEvent, parsePackageName } from '@steadfleet/domain'
import {
  actOnDevice,
  actOnDevices,
  developerLog,
  deviceEvents,
  getDevice,
  getPolicy,
  listAudit,
  listDevices,
  listFleets,
  listGroups,
  listRollouts,
  listSettings,
  previewDevices,
  putGroup,
  putPolicy,
  removeGroup,
  type ServerEvent,
  serverEvents,
  setSettings,
  steerRollout,
  tryRelease,
  unfollowPackage,
  watchOutput,
} from '@steadfleet/protocol'
import { payloadTypes, reopenPolicy } from '@steadfleet/trust'
import { orderIn, type TestDevice } from './testing/test-device.ts'
import {
  fleet,
  follow,
  greenhouse,
  moveStable,
  openTestFleet,
  type TestFleet,
} from './testing/test-fleet.ts'
import { toEnvelopeView } from './views/envelope.ts'

let it: TestFleet
let cellar: TestDevice
let attic: TestDevice

before(async () => {
  it = await openTestFleet()
  await it.publish({
    revision: 1,
    interfaces: ['network'],
    settings: {
      greeting: { type: 'string', default: 'hi' },
      level: { type: 'integer', default: 1 },
      fast: { type: 'boolean', default: false },
    },
  })
  await follow(it.operator)
  await moveStable(it.operator, 1)
  cellar = await it.join({ name: 'cellar-1' })
  attic = await it.join({ name: 'attic-1' })
})
after(() => it[Symbol.asyncDispose]())

describe('settings', { concurrency: false }, () => {
  test('of the fleet reach every device, in a new order', async () => {
    const reply = await set('fleet', fleet, { greeting: 'hello', level: 2 })
    assert.equal(reply.ordered, 2)
    assert.deepEqual(await settingsOf(cellar), { greeting: 'hello', level: 2 })
    assert.deepEqual(await settingsOf(attic), { greeting: 'hello', level: 2 })
  })

  test('of a group beat those, and a device’s own beat its group’s', async () => {
    const params = { fleet, group: 'cellar' }
    const query = 'name.startsWith("cellar-")'
    const group = await it.operator.call(putGroup, { params, body: { query } })
    assert.equal(group.devices, 1)
    assert.equal((await set('group', 'cellar', { level: 3, fast: true })).ordered, 1)
    assert.equal((await set('device', cellar.id, { level: 4 })).ordered, 1)
    assert.deepEqual(await settingsOf(cellar), { fast: true, greeting: 'hello', level: 4 })
    assert.deepEqual(await settingsOf(attic), { greeting: 'hello', level: 2 })
  })

  test('that change nothing order nothing', async () => {
    assert.equal((await set('device', cellar.id, { level: 4 })).ordered, 0)
  })

  test('with control characters in them can still be read by the device', async () => {
    await set('device', attic.id, { greeting: 'one\ntwo\u0001' })
    assert.deepEqual(await settingsOf(attic), { greeting: 'one\ntwo\u0001', level: 2 })
    await set('device', attic.id, {})
  })

  test('of a group follow the attributes that a device reports', async () => {
    const params = { fleet, group: 'wet' }
    const query = 'attributes.humidity == "high"'
    await it.operator.call(putGroup, { params, body: { query } })
    await set('group', 'wet', { level: 7 })
    assert.equal((await settingsOf(attic)).level, 2)
    await attic.checkIn({ attributes: { humidity: 'high' } })
    await eventually(async () => (await settingsOf(attic)).level === 7)
    await it.operator.call(removeGroup, { params })
    assert.equal((await settingsOf(attic)).level, 2)
    const groups = await it.operator.call(listGroups, { params: { fleet } })
    assert.deepEqual(
      groups.map(({ name, devices }) => [name, devices]),
      [['cellar', 1]],
    )
  })

  test('that a revision does not have stay out of its orders', async () => {
    await it.publish({ revision: 2, settings: { greeting: { type: 'integer', default: 0 } } })
    const params = { device: cellar.id, ...greenhouse }
    const { counter } = await it.operator.call(tryRelease, { params, body: { revision: 2 } })
    const order = orderIn(await cellar.checkIn({ counter: 0 }))
    assert.deepEqual([order.counter, order.releases[0]?.revision], [counter, 2])
    assert.deepEqual(order.releases[0]?.settings, {})
    await it.operator.call(tryRelease, { params, body: { revision: 1 } })
    const listed = await it.operator.call(listSettings, { params: { fleet } })
    assert.equal(listed.length, 3)
  })
})

describe('the policy of a fleet', () => {
  test('says in every order how long a probation is, and people see it', async () => {
    await using own = await openTestFleet([], undefined, { 'probation-seconds': 300 })
    await own.publish({ revision: 1 })
    await follow(own.operator)
    const shelf = await own.join()
    await moveStable(own.operator, 1)
    const { policy } = orderIn(await shelf.checkIn({ counter: 0 }))
    assert.equal(policy['probation-seconds'], 300)
    const [fleet] = await own.operator.call(listFleets, {})
    assert.equal(fleet?.probationSeconds, 300)
  })
})

describe('a package that the model requires', () => {
  test('is not ordered away when its very first revision fails', async () => {
    await using own = await openTestFleet(['acme/greenhouse'])
    await own.publish({ revision: 1 })
    await follow(own.operator)
    const shelf = await own.join()
    await moveStable(own.operator, 1)
    const { counter } = orderIn(await shelf.checkIn({ counter: 0 }))
    const event: DeviceEvent = {
      sequence: 1,
      at: '2026-11-21T00:00:00Z',
      kind: 'failure',
      message: 'it died',
      failure: {
        kind: 'probation',
        package: parsePackageName('acme/greenhouse'),
        revision: 1,
        reason: 'it died',
        log: [],
      },
    }
    await shelf.checkIn({ counter, state: 'restored', events: [event] })
    const [rollout] = await own.operator.call(listRollouts, {})
    assert.equal(rollout?.state, 'halted')
    const device = await own.operator.call(getDevice, { params: { device: shelf.id } })
    assert.equal(device.orderedCounter, counter)
  })
})

describe('a trust policy', () => {
  test('that the owner signs takes grants back; by another key it is refused', async () => {
    const held = reopenPolicy(await it.operator.call(getPolicy, {}))
    const { version, owner, catalogues, log } = held
    const next = { owner, version: version + 1, catalogues, log, ceiling: new Map() }
    const policy = makePolicy(next, new Date())
    const keys = it.seeds.owner.map(signerFromSeed)
    const seal = async (signers: typeof keys) =>
      toEnvelopeView(await signStatement(payloadTypes.policy, policy, signers))
    await assert.rejects(it.operator.call(putPolicy, { body: await seal([it.keys.operator]) }), {
      code: 'trust/threshold',
    })
    assert.deepEqual(orderIn(await attic.checkIn({ counter: 0 })).releases[0]?.grants, ['network'])
    const reply = await it.operator.call(putPolicy, { body: await seal(keys) })
    assert.equal(reply.version, version + 1)
    await eventually(async () => {
      const { releases } = orderIn(await attic.checkIn({ counter: 0 }))
      return releases[0]?.grants.length === 0
    })
  })
})

describe('streams', () => {
  test('tell a device to look, and people what changed', async () => {
    const stop = new AbortController()
    const { signal } = stop
    const people = it.operator.follow(serverEvents, { signal })[Symbol.asyncIterator]()
    const heard = people.next()
    const device = attic.client.follow(deviceEvents, { signal })[Symbol.asyncIterator]()
    const look = device.next()
    assert.equal(topicOf(await heard), 'device')
    await set('fleet', fleet, { level: 9 })
    assert.equal((await look).value?.event, 'look')
    const view = await it.operator.call(getDevice, { params: { device: attic.id } })
    assert.equal(view.online, true)
    stop.abort()
    await Promise.allSettled([people.next(), device.next()])
    await eventually(async () => {
      const gone = await it.operator.call(getDevice, { params: { device: attic.id } })
      return !gone.online
    })
  })

  test('carry what apps print to whoever watches, and only then', async () => {
    const body = { package: 'acme/greenhouse', app: 'web', lines: ['one', 'two'] }
    const say = () => cellar.client.call(developerLog, { body })
    assert.deepEqual(await say(), { watched: false })
    const stop = new AbortController()
    const params = { device: cellar.id }
    const watching = it.operator.follow(watchOutput, { params, signal: stop.signal })
    const line = watching[Symbol.asyncIterator]().next()
    await eventually(async () => (await say()).watched)
    assert.deepEqual(JSON.parse((await line).value?.data ?? ''), body)
    const told = await it.operator.call(listAudit, { query: { limit: 50 } })
    assert.ok(told.some(({ act, subject }) => act === 'watchOutput' && subject === cellar.id))
    for await (const { event } of cellar.client.follow(deviceEvents, { signal: stop.signal })) {
      // By this word agents of every age know that somebody looks on.
      if (event === 'output') break
    }
    stop.abort()
  })
})

describe('a rollout', { concurrency: false }, () => {
  test('that is paused orders nobody further, and goes on when it is resumed', async () => {
    await it.publish({ revision: 3 })
    const { rollouts } = await moveStable(it.operator, 3)
    const rollout = rollouts[0]!.id
    const steer = (event: string) => it.operator.call(steerRollout, { params: { rollout, event } })
    assert.equal((await steer('pause')).state, 'paused')
    await assert.rejects(steer('pause'), { code: 'rollout/wrong-state' })
    const resumed = await steer('resume')
    assert.deepEqual([resumed.state, resumed.why], ['running', 'resumed by operator'])
    assert.equal((await steer('cancel')).state, 'cancelled')
  })

  test('is superseded by the next move of its channel', async () => {
    await moveStable(it.operator, 3)
    await it.publish({ revision: 4 })
    await moveStable(it.operator, 4)
    const [newest, before] = await it.operator.call(listRollouts, {})
    assert.deepEqual([newest?.state, newest?.revision], ['running', 4])
    assert.deepEqual([before?.state, before?.why], ['cancelled', 'superseded by revision 4'])
  })

  test('ends with its package, which every device is ordered without', async () => {
    await it.operator.call(unfollowPackage, { params: { fleet, ...greenhouse } })
    assert.deepEqual(orderIn(await cellar.checkIn({ counter: 0 })).releases, [])
    const [found] = await it.operator.call(listFleets, {})
    assert.deepEqual(found?.packages, [])
    const [newest] = await it.operator.call(listRollouts, {})
    assert.equal(newest?.state, 'cancelled')
  })
})

async function set(
  scope: 'fleet' | 'group' | 'device',
  target: string,
  values: Record<string, string | number | boolean>,
) {
  const params = { fleet, ...greenhouse, scope, target }
  const phases = [{ percent: 100 }]
  return it.operator.call(setSettings, { params, body: { values, phases } })
}

async function settingsOf(device: TestDevice): Promise<Record<string, unknown>> {
  const { settings } = orderIn(await device.checkIn({ counter: 0 })).releases[0]!
  return { ...settings }
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) if (await isSo()) return
  assert.fail('it never became so')
}

function topicOf({ value }: IteratorResult<ServerEvent>): string {
  return (JSON.parse(value?.data ?? '{}') as { topic: string }).topic
}

test('many devices are labelled as a preview showed them, and one is decommissioned and back', async () => {
  const seed = new Uint8Array(32).fill(7)
  const old = await it.join({ name: 'pump-1', seed })
  await it.join({ name: 'pump-2' })
  const query = 'name.startsWith("pump-")'
  const { devices, set, first } = await it.operator.call(previewDevices, {
    ...{ params: { fleet }, query: { query } },
  })
  assert.deepEqual([devices, first.map(({ name }) => name)], [2, ['pump-1', 'pump-2']])
  const body = { query, set, act: { act: 'label', labels: { site: 'well' } } } as const
  await it.operator.call(actOnDevices, { params: { fleet }, body })
  await it.join({ name: 'pump-3' })
  await assert.rejects(it.operator.call(actOnDevices, { params: { fleet }, body }), {
    code: 'device/set-changed',
  })
  const page = { query: 'labels.site == "well"', limit: 1 }
  const one = await it.operator.call(listDevices, { params: { fleet }, query: page })
  const two = await it.operator.call(listDevices, {
    ...{ params: { fleet }, query: { ...page, after: one[0]!.id } },
  })
  assert.deepEqual(
    [...one, ...two].map(({ name }) => name),
    ['pump-1', 'pump-2'],
  )
  const params = { device: old.id }
  await it.operator.call(actOnDevice, { params, body: { act: { act: 'decommission' } } })
  await assert.rejects(old.checkIn(), { code: 'device/decommissioned' })
  const gone = { query: 'true', gone: true }
  const left = await it.operator.call(listDevices, { params: { fleet }, query: gone })
  assert.deepEqual(
    left.map(({ name }) => name),
    ['pump-1'],
  )
  const again = await it.join({ name: 'pump-1', seed })
  await again.checkIn()
  const back = await it.operator.call(getDevice, { params })
  assert.deepEqual([back.goneSince, back.labels], [undefined, { site: 'well' }])
})

test('a device that holds an order of a time which this server has lost is ordered above it', async () => {
  const device = await it.join({ name: 'survivor' })
  const params = { device: device.id, ...greenhouse }
  // Signed and not given yet: what the device holds under this counter can only be another one.
  const { counter } = await it.operator.call(tryRelease, { params, body: { revision: 1 } })
  const first = await device.checkIn({ counter })
  assert.equal(first.order, null)
  for (let tries = 0; tries < 2000; tries += 1) {
    const { order } = await device.checkIn({ counter })
    if (!order) continue
    assert.equal(orderIn({ ...first, order }).counter, counter + 1)
    return
  }
  assert.fail('it is ordered nothing')
})
