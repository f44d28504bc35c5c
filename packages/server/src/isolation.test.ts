import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import {
  type ConfinementPart,
  type DeviceEvent,
  type IsolationId,
  type IsolationPolicy,
  parsePackageName,
  toTimestamp,
} from '@steadfleet/domain'
import {
  actOnDevice,
  deviceTimeline,
  getDevice,
  isolateDevice,
  listAudit,
  releaseDevice,
  setIsolationRule,
  setRequiredParts,
} from '@steadfleet/protocol'
import type { TestDevice } from './testing/test-device.ts'
import { fleet, follow, moveStable, openTestFleet, type TestFleet } from './testing/test-fleet.ts'

const greenhouse = parsePackageName('acme/greenhouse')
let it: TestFleet
let device: TestDevice
let sequence = 0

before(async () => {
  it = await openTestFleet()
  await it.publish({ revision: 1 })
  await follow(it.operator)
  await moveStable(it.operator, 1)
  device = await it.join({ name: 'shelf' })
})
after(() => it[Symbol.asyncDispose]())

describe('isolation', { concurrency: false }, () => {
  test('is in no order before anything is said', async () => {
    assert.equal(await ordered(), undefined)
  })

  test('of a package by hand goes out with a new order, is shown and noted, and ends the same way', async () => {
    const params = { device: device.id }
    const asked = { params, body: { package: greenhouse } }
    assert.deepEqual(await it.operator.call(isolateDevice, asked), { packages: [greenhouse] })
    assert.deepEqual(await ordered(), { packages: [greenhouse] })
    assert.deepEqual((await it.operator.call(getDevice, { params })).isolation, {
      packages: [greenhouse],
    })
    const [newest] = await it.operator.call(deviceTimeline, { params, query: { limit: 1 } })
    assert.equal(newest?.event.code, 'isolation/begun')
    assert.deepEqual(await it.operator.call(releaseDevice, asked), {})
    assert.equal(await ordered(), undefined)
  })

  test('of a whole device ends with that of its packages', async () => {
    const params = { device: device.id }
    await it.operator.call(isolateDevice, { params, body: { package: greenhouse } })
    await it.operator.call(isolateDevice, { params, body: {} })
    assert.deepEqual(await ordered(), { device: true, packages: [greenhouse] })
    await it.operator.call(releaseDevice, { params, body: {} })
    assert.equal(await ordered(), undefined)
  })

  test('by itself comes with the rule, from so many denied attempts in a minute on', async () => {
    await tell({ count: 5000 })
    assert.equal(await isolated(), undefined)
    const view = await it.operator.call(setIsolationRule, {
      params: { fleet },
      body: { 'denied-per-minute': 1000 },
    })
    assert.equal(view.isolateFrom, 1000)
    assert.deepEqual(await ordered(), { 'denied-per-minute': 1000 })
    await tell({ count: 999 })
    await tell({ count: 1500, 'window-seconds': 120 })
    assert.equal(await isolated(), undefined)
    await tell({ count: 1000, 'window-seconds': 4 })
    assert.deepEqual(await isolated(), { packages: [greenhouse] })
    await orderedPackages(greenhouse)
  })

  test('that the device began itself is taken over once, and an order that lets it go says that it knows of it', async () => {
    const params = { device: device.id }
    await it.operator.call(releaseDevice, { params, body: {} })
    assert.equal(await isolated(), undefined)
    const id = '00112233aabbccdd' as IsolationId
    await device.checkIn({ isolated: { [greenhouse]: id } })
    assert.deepEqual(await isolated(), { packages: [greenhouse] })
    // Released before the device has taken the order that names it, which it never does now.
    await it.operator.call(releaseDevice, { params, body: { package: greenhouse } })
    await tell({ count: 5000, isolated: true })
    assert.equal(await isolated(), undefined)
    assert.deepEqual(await ordered(), { 'denied-per-minute': 1000, known: [id] })
    await device.checkIn({ isolated: {} })
    await orderedIs({ 'denied-per-minute': 1000 })
    await device.checkIn({ isolated: { [greenhouse]: '00112233aabbccde' as IsolationId } })
    await orderedPackages(greenhouse)
  })

  test('is written down, by whom and of what', async () => {
    const acts = await it.operator.call(listAudit, { query: { limit: 6 } })
    const packages = { isolation: JSON.stringify({ packages: [greenhouse] }) }
    assert.deepEqual(
      acts.map(({ act, by, subject, after }) => [act, by, subject, JSON.parse(after)]),
      [
        ['setIsolation', 'the device itself', device.id, packages],
        ['setIsolation', 'operator', device.id, { isolation: '{}' }],
        ['setIsolation', 'the device itself', device.id, packages],
        ['setIsolation', 'operator', device.id, { isolation: '{}' }],
        ['setIsolation', 'the fleet’s rule', device.id, packages],
        ['setIsolationRule', 'operator', fleet, { isolate_from: 1000 }],
      ],
    )
  })
})

test('what devices must have to confine apps with goes out with their orders', async () => {
  const say = (...require: ConfinementPart[]) =>
    it.operator.call(setRequiredParts, { params: { fleet }, body: { require } })
  const now = async () => (await policy()).require
  assert.equal(await now(), undefined)
  assert.deepEqual((await say('landlock', 'firewall')).require, ['firewall', 'landlock'])
  assert.deepEqual(await now(), ['firewall', 'landlock'])
  assert.deepEqual((await say()).require, [])
  assert.equal(await now(), undefined)
})

test('that a device may try again what failed on it goes out with its orders from then on', async () => {
  const asked = { params: { device: device.id }, body: { act: { act: 'retry' } } } as const
  assert.equal((await policy())['try-again'], undefined)
  await it.operator.call(actOnDevice, asked)
  assert.match((await policy())['try-again'] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
})

async function isolated() {
  return (await it.operator.call(getDevice, { params: { device: device.id } })).isolation
}

/** Orders that a check-in made due are signed after it. */
async function orderedPackages(...names: string[]): Promise<void> {
  await orderedSoon(policy => isDeepStrictEqual(policy?.packages, names))
}

function orderedIs(wanted: IsolationPolicy): Promise<void> {
  return orderedSoon(policy => isDeepStrictEqual(policy, wanted))
}

async function orderedSoon(isIt: (policy: IsolationPolicy | undefined) => boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    if (isIt(await ordered())) return
    await pause(20)
  }
  assert.fail('no order says so')
}

async function tell(details: NonNullable<DeviceEvent['details']>): Promise<void> {
  sequence += 1
  const event: DeviceEvent = {
    sequence,
    at: toTimestamp(new Date()),
    kind: 'security',
    code: 'network/denied',
    message: 'it tried',
    details: { package: greenhouse, 'window-seconds': 60, ...details },
  }
  await device.checkIn({ events: [event] })
}

/** What the device’s order says of isolation, once it was made. */
async function ordered(): Promise<IsolationPolicy | undefined> {
  return (await policy()).isolation
}

interface OrderedPolicy {
  isolation?: IsolationPolicy
  require?: string[]
  'try-again'?: string
}

async function policy(): Promise<OrderedPolicy> {
  const { order } = await device.checkIn({ counter: 0 })
  assert.ok(order, 'there is an order')
  return JSON.parse(Buffer.from(order.payload, 'base64').toString()).policy
}
