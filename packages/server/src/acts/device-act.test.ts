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

/** The release that a fleet's devices run as of their reports. */
async function sayRuns({ db }: Fleet, device: DeviceId | undefined, revision: number) {
  const { record } = await db.selectFrom('release').select('record').executeTakeFirstOrThrow()
  const { tree } = JSON.parse(record) as { tree: { digest: string } }
  const runs = { package: greenhouse, revision, version: '2', tree: tree.digest }
  await db
    .insertInto('device_release')
    .values({ device: device ?? '', ...runs })
    .execute()
}

test('who runs the release already is counted when its turn comes, by its last report', async () => {
  await inFleet(3, async fleet => {
    const [there, elsewhere, away] = fleet.devices
    await sayRuns(fleet, there, 2)
    await sayRuns(fleet, elsewhere, 1)
    await sayRuns(fleet, away, 2)
    // It has still to take an order, which may lead it elsewhere.
    await fleet.db
      .updateTable('device')
      .set({ ordered_counter: 9 })
      .where('id', '=', away ?? '')
      .execute()
    const id = await fleet.start(allAtOnce)
    assert.deepEqual(await fleet.in(id, 'done'), [there])
    assert.deepEqual(await fleet.in(id, 'ordered'), [elsewhere, away])
    assert.equal(await assigned(fleet, there), 2)
  })
})

describe('a phase', () => {
  test('takes devices of its group, its query and its list alone', async () => {
    await inFleet(6, async fleet => {
      const [one, two, three, four] = fleet.devices
      for (const device of [two, four]) {
        await act(fleet.db, device, { act: 'label', labels: { site: 'north' } })
      }
      const query = 'labels.site == "north"'
      const group = { fleet: 'home', name: 'north', query, conditions: '{}' }
      await fleet.db.insertInto('fleet_group').values(group).execute()
      const phases = [
        { devices: [three as DeviceId] },
        { group: 'north', count: 1 },
        { where: query },
        { where: 'name.endsWith("0")' },
        { percent: 100 },
      ]
      const id = await fleet.start({ phases })
      const moves = await fleet.db
        .selectFrom('move')
        .select(['device', 'phase'])
        .where('rollout', '=', id)
        .orderBy('position')
        .execute()
      assert.deepEqual(
        moves.map(({ device, phase }) => [device, phase]),
        [[three, 0], [two, 1], [four, 2], [one, 3], ...fleet.devices.slice(4).map(it => [it, 4])],
      )
    })
  })

  test('of a group that is not there, or of a bad query, lets no rollout begin', async () => {
    await inFleet(1, async fleet => {
      const start = (phase: object) => fleet.start({ phases: [phase] })
      await assert.rejects(start({ group: 'north' }), { code: 'group/unknown' })
      await assert.rejects(start({ where: 'colour == "red"' }), { code: 'query/unknown-name' })
      assert.equal((await fleet.db.selectFrom('rollout').selectAll().execute()).length, 0)
    })
  })
})
