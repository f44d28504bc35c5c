import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DeviceAct, DeviceId, MoveState, PackageName } from '@steadfleet/domain'
import { digestOfSet } from '../store/device-search.ts'
import { evening, type Fleet, inFleet } from '../testing/test-rollout.ts'
import { actOnDevice, actOnDevices } from './device-act.ts'
import { steerRollout } from './steer-rollout.ts'

const greenhouse = 'acme/greenhouse' as PackageName
const allAtOnce = { phases: [{ percent: 100 }] }
const acting = { by: 'ada', now: evening }

function act(db: Fleet['db'], device: DeviceId | undefined, what: DeviceAct) {
  return actOnDevice(db, { ...acting, device: device ?? '', act: what })
}

async function assigned({ db }: Fleet, device: DeviceId | undefined): Promise<number | undefined> {
  const row = await db
    .selectFrom('device_package')
    .select('revision')
    .where('device', '=', device ?? '')
    .executeTakeFirst()
  return row?.revision
}

async function stateOf({ db }: Fleet, device: DeviceId | undefined): Promise<string | undefined> {
  const row = await db
    .selectFrom('move')
    .select('state')
    .where('device', '=', device ?? '')
    .executeTakeFirst()
  return row?.state
}

const barring: readonly DeviceAct[] = [
  { act: 'hold' },
  { act: 'pin', package: greenhouse, revision: 2 },
  { act: 'decommission' },
]

describe('whom a rollout may not move', () => {
  test('it passes over and ends without, and moves once it may', async () => {
    await inFleet(2, async fleet => {
      const [held, free] = fleet.devices
      await act(fleet.db, held, { act: 'hold' })
      const id = await fleet.start(allAtOnce)
      assert.deepEqual(await fleet.in(id, 'passed over'), [held])
      assert.deepEqual(await fleet.in(id, 'ordered'), [free])
      await fleet.say(free as DeviceId, 'committed')
      assert.equal(await fleet.stateOf(id), 'done')
      assert.equal(await assigned(fleet, held), 1)
      await act(fleet.db, held, { act: 'unhold' })
      assert.deepEqual(await fleet.in(id, 'ordered'), [held])
      assert.equal(await assigned(fleet, held), 2)
      await fleet.say(held as DeviceId, 'committed')
      assert.equal((await fleet.in(id, 'done')).length, 2)
    })
  })

  test('waits for its turn again while the rollout runs', async () => {
    await inFleet(3, async fleet => {
      const id = await fleet.start({ phases: [{ count: 1, 'max-failures': 0 }, { percent: 100 }] })
      const [waiting] = await fleet.in(id, 'waiting')
      await act(fleet.db, waiting, { act: 'hold' })
      assert.equal(await stateOf(fleet, waiting), 'passed over')
      await act(fleet.db, waiting, { act: 'unhold' })
      assert.equal(await stateOf(fleet, waiting), 'waiting')
    })
  })

  test('is not called back in a circle: who failed is left alone when it is released', async () => {
    await inFleet(1, async fleet => {
      const [device] = fleet.devices
      const id = await fleet.start(allAtOnce)
      await fleet.say(device as DeviceId, 'restored', 'probation')
      await act(fleet.db, device, { act: 'hold' })
      await act(fleet.db, device, { act: 'unhold' })
      assert.deepEqual(await fleet.in(id, 'rolled back'), [device])
      assert.equal(await assigned(fleet, device), 1)
    })
  })
})

/** What an act makes of a move in each state, and of what the device is ordered. */
const rows: readonly [MoveState, act: DeviceAct['act'], MoveState, revision: number][] = [
  ['waiting', 'hold', 'passed over', 1],
  ['ordered', 'hold', 'ordered', 2],
  ['done', 'hold', 'done', 2],
  ['rolled back', 'hold', 'rolled back', 1],
  ['waiting', 'pin', 'passed over', 1],
  ['ordered', 'pin', 'recalled', 1],
  ['done', 'pin', 'done', 1],
  ['rolled back', 'pin', 'rolled back', 1],
  ['waiting', 'decommission', 'passed over', 1],
  ['ordered', 'decommission', 'passed over', 2],
  ['done', 'decommission', 'done', 2],
  ['rolled back', 'decommission', 'rolled back', 1],
]

describe('a device in a rollout', () => {
  for (const [before, what, after, revision] of rows) {
    test(`that is ${before} and ${what}: ${after}, at revision ${revision}`, async () => {
      await inFleet(2, async fleet => {
        await publishFirst(fleet)
        const id = await fleet.start({ phases: [{ count: 1 }, { percent: 100, 'at-once': 1 }] })
        const device = await deviceIn(fleet, id, before)
        const pinned = { act: 'pin', package: greenhouse, revision: 1 } as const
        await act(fleet.db, device, what === 'pin' ? pinned : ({ act: what } as DeviceAct))
        assert.equal(await stateOf(fleet, device), after)
        assert.equal(await assigned(fleet, device), revision)
      })
    })
  }

  for (const what of barring) {
    test(`${what.act}: is none of the next rollout's ordered ones`, async () => {
      await inFleet(2, async fleet => {
        await publishFirst(fleet)
        const pinned = { act: 'pin', package: greenhouse, revision: 1 } as const
        await act(fleet.db, fleet.devices[0], what.act === 'pin' ? pinned : what)
        const id = await fleet.start(allAtOnce)
        assert.deepEqual(await fleet.in(id, 'ordered'), [fleet.devices[1]])
      })
    })
  }
})

/** The first revision, as the devices run it, is published too. */
async function publishFirst({ db }: Fleet): Promise<void> {
  const [second] = await db.selectFrom('release').selectAll().execute()
  if (!second) throw new TypeError('the fleet has no release')
  const { number: _, ...row } = second
  await db
    .insertInto('release')
    .values({ ...row, revision: 1 })
    .execute()
}

async function deviceIn(fleet: Fleet, id: number, state: MoveState): Promise<DeviceId | undefined> {
  const [ordered] = await fleet.in(id, 'ordered')
  if (state === 'done') await fleet.say(ordered as DeviceId, 'committed')
  if (state === 'rolled back') await fleet.say(ordered as DeviceId, 'restored', 'probation')
  const [device] = await fleet.in(id, state)
  assert.ok(device, `no device is ${state}`)
  return device
}

describe('an act on many', () => {
  const label = { act: 'label', labels: { site: 'north' } } as const

  test('hits those of its preview, and nobody where they are others now', async () => {
    await inFleet(3, async fleet => {
      const query = '!held'
      const bulk = { ...acting, fleet: 'home', query, set: digestOfSet(fleet.devices), act: label }
      const { devices } = await actOnDevices(fleet.db, bulk)
      assert.equal(devices.length, 3)
      await act(fleet.db, fleet.devices[0], { act: 'hold' })
      await assert.rejects(actOnDevices(fleet.db, bulk), { code: 'device/set-changed' })
      const found = await fleet.db.selectFrom('device_label').selectAll().execute()
      assert.equal(found.length, 3)
    })
  })

  test('is refused where a device could not run what it is pinned to', async () => {
    await inFleet(1, async fleet => {
      const what = { act: 'pin', package: greenhouse, revision: 9 } as const
      await assert.rejects(act(fleet.db, fleet.devices[0], what), { code: 'release/unknown' })
      const pins = await fleet.db.selectFrom('device_pin').selectAll().execute()
      assert.equal(pins.length, 0)
    })
  })

  test('is refused on a device that is decommissioned', async () => {
    await inFleet(1, async fleet => {
      const [device] = fleet.devices
      await act(fleet.db, device, { act: 'decommission' })
      await assert.rejects(act(fleet.db, device, label), { code: 'device/decommissioned' })
    })
  })
})

test('a halted rollout that goes on does not wait for who was held meanwhile', async () => {
  await inFleet(2, async fleet => {
    const id = await fleet.start({ phases: [{ percent: 100, 'max-failures': 0 }] })
    const [bad, held] = fleet.devices
    await fleet.say(bad as DeviceId, 'restored', 'probation')
    assert.equal(await fleet.stateOf(id), 'halted')
    assert.deepEqual(await fleet.in(id, 'recalled'), [held])
    await act(fleet.db, held, { act: 'hold' })
    await steerRollout(fleet.db, { rollout: id, event: 'resume', by: 'ada', now: evening })
    assert.deepEqual(await fleet.in(id, 'passed over'), [held])
    assert.equal(await fleet.stateOf(id), 'done')
  })
})
