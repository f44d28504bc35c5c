import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type DeviceId,
  digestOfSettings,
  type SettingValues,
  type StateReport,
} from '@steadfleet/domain'
import { releasesAt } from '../store/release-store.ts'
import { rolloutWithId } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { settingChanges, settingsGivenTo } from '../store/setting-store.ts'
import { type Fleet, inFleet, noon } from '../testing/test-rollout.ts'
import { checkIn } from './check-in.ts'
import { revertSettings, setSettings, whomItAffects } from './setting.ts'
import { steerRollout } from './steer-rollout.ts'

const of = { fleet: 'home', package: 'acme/greenhouse' }
const act = { ...of, scope: 'fleet', name: 'home', by: 'ada', now: noon } as const
const bounded = [{ count: 1, 'max-failures': 0 }, { percent: 100 }]
const declared = {
  level: { type: 'integer', default: 1, maximum: 9 },
  fast: { type: 'boolean', default: false },
} as const

describe('a change of settings', () => {
  test('moves phase by phase those whose apps see it, and counts who has signed for the values', () =>
    inSettled(3, async fleet => {
      const { db, devices } = fleet
      const [first, second, third] = devices as [DeviceId, DeviceId, DeviceId]
      const rollout = await set(db, { level: 4 })
      assert.deepEqual(await levels(fleet), [4, 1, 1])
      await say(fleet, first, { level: 1, fast: false })
      assert.deepEqual(await fleet.in(rollout, 'ordered'), [first])
      await say(fleet, first, { level: 4, fast: false })
      assert.deepEqual(await fleet.in(rollout, 'done'), [first])
      assert.deepEqual(await levels(fleet), [4, 4, 4])
      for (const device of [second, third]) await say(fleet, device, { level: 4, fast: false })
      assert.equal(await fleet.stateOf(rollout), 'done')
      assert.deepEqual(await levels(fleet), [4, 4, 4])
    }))

  test('that fails its probation halts, and goes back; what comes after is not built on it', () =>
    inSettled(3, async fleet => {
      const { db, devices } = fleet
      const rollout = await set(db, { level: 4 })
      await say(fleet, devices[0] as DeviceId, { level: 1, fast: false }, 'restored')
      const { state, why } = await rolloutWithId(db, rollout)
      assert.deepEqual([state, why], ['halted', '1 of 1 devices failed in phase 1, where none may'])
      assert.deepEqual(await levels(fleet), [1, 1, 1])
      await steerRollout(db, { rollout, event: 'cancel', by: 'ada', now: noon })
      const next = await set(db, { fast: true })
      assert.deepEqual(await givenTo(fleet, devices[0] as DeviceId), { fast: true })
      const [newest, withdrawn] = await settingChanges(db, of)
      assert.deepEqual([newest?.before, withdrawn?.withdrawn], [{}, true])
      assert.equal(await fleet.stateOf(next), 'running')
    }))

  test('supersedes the one before it, and who has that goes back to what was before both', () =>
    inSettled(3, async fleet => {
      const { db, devices } = fleet
      const first = await set(db, { level: 4 })
      const second = await set(db, { level: 5 })
      assert.equal(await fleet.stateOf(first), 'cancelled')
      assert.deepEqual(await levels(fleet), [5, 1, 1])
      await say(fleet, devices[0] as DeviceId, { level: 1, fast: false }, 'restored')
      assert.equal(await fleet.stateOf(second), 'halted')
      assert.deepEqual(await levels(fleet), [1, 1, 1])
    }))

  test('is undone by a change of its own, which rolls out too', () =>
    inSettled(2, async fleet => {
      const { db, devices } = fleet
      await set(db, { level: 4 })
      for (const device of devices) await say(fleet, device, { level: 4, fast: false })
      const [{ id: change } = { id: 0 }] = await settingChanges(db, of)
      const undoing = { fleet: 'home', by: 'bob', now: noon, phases: bounded }
      const undone = await revertSettings(db, { ...undoing, change })
      assert.ok(undone.rollout)
      assert.deepEqual(await levels(fleet), [1, 4])
      const told = (await settingChanges(db, of)).map(({ by, before, after }) => [
        by,
        before,
        after,
      ])
      assert.deepEqual(told, [
        ['bob', { level: 4 }, {}],
        ['ada', {}, { level: 4 }],
      ])
      const elsewhere = revertSettings(db, { ...undoing, fleet: 'away', change })
      await assert.rejects(elsewhere, { code: 'setting/unknown-change' })
    }))

  test('of one device is in force at once, and a preview leaves out who has it of its own', () =>
    inSettled(2, async fleet => {
      const { db, devices } = fleet
      const [first, second] = devices as [DeviceId, DeviceId]
      const own = { ...act, scope: 'device', name: first, values: { level: 7 } } as const
      assert.equal((await setSettings(db, own)).rollout, null)
      assert.deepEqual(await levels(fleet), [7, 1])
      const affected = await whomItAffects(db, { ...act, values: { level: 7 } })
      assert.deepEqual(
        affected.map(({ id, before, after }) => [id, before.level, after.level]),
        [[second, 1, 7]],
      )
      const wrong = setSettings(db, { ...act, values: { level: 10 } })
      await assert.rejects(wrong, {
        code: 'setting/mismatch',
        message: 'cannot set acme/greenhouse: level must be at most 9',
      })
      assert.equal((await settingChanges(db, of)).length, 1)
    }))

  test('does not fail the release that a device had before it', () =>
    inFleet(
      1,
      async fleet => {
        await follow(fleet.db)
        const device = fleet.devices[0] as DeviceId
        const release = await fleet.start({
          phases: [{ count: 1 }, { percent: 100, 'soak-seconds': 60 }],
        })
        await say(fleet, device, { level: 1, fast: false })
        assert.deepEqual(await fleet.in(release, 'done'), [device])
        await fleet.db
          .updateTable('rollout')
          .set({ state: 'paused' })
          .where('id', '=', release)
          .execute()
        const rollout = await set(fleet.db, { level: 4 })
        await say(fleet, device, { level: 1, fast: false }, 'restored')
        assert.deepEqual(await fleet.in(rollout, 'rolled back'), [device])
        assert.deepEqual(await fleet.in(release, 'done'), [device])
      },
      { settings: declared },
    ))
})

/** A fleet whose devices run the revision that declares the settings. */
function inSettled(size: number, deed: (fleet: Fleet) => Promise<void>): Promise<void> {
  const settled = async (fleet: Fleet): Promise<void> => {
    await follow(fleet.db)
    await fleet.db.updateTable('device_package').set({ revision: 2 }).execute()
    await deed(fleet)
  }
  return inFleet(size, settled, { settings: declared })
}

async function follow(db: Db): Promise<void> {
  const channel = { package: of.package, channel: 'latest/stable' }
  await db
    .insertInto('fleet_package')
    .values({ fleet: 'home', ...channel })
    .execute()
  await db
    .insertInto('channel')
    .values({ ...channel, revision: 2, moved_at: noon })
    .execute()
}

async function set(db: Db, values: SettingValues): Promise<number> {
  const { rollout } = await setSettings(db, { ...act, values, phases: bounded })
  assert.ok(rollout)
  return rollout
}

async function levels(fleet: Fleet): Promise<unknown[]> {
  const all = fleet.devices.map(async device => (await givenTo(fleet, device)).level ?? 1)
  return Promise.all(all)
}

async function givenTo({ db }: Fleet, id: DeviceId): Promise<SettingValues> {
  const layers = await settingsGivenTo(db, { id, fleet: 'home' })
  const order = ['fleet', 'group', 'device']
  layers.sort((one, other) => order.indexOf(one.scope) - order.indexOf(other.scope))
  return Object.assign({}, ...layers.map(({ values }) => values))
}

let sequence = 0

/** A device says under a newer order what it runs, and with which values. */
async function say(
  { db }: Fleet,
  device: DeviceId,
  values: SettingValues,
  state: StateReport['state'] = 'committed',
): Promise<void> {
  sequence += 1
  const [release] = await releasesAt(db, of.package, 2)
  const tree = release?.record.tree.digest
  const installed = { package: of.package, revision: 2, version: '2', tree }
  const releases = [{ ...installed, settings: digestOfSettings(values) }]
  const report = {
    ...{ type: 'report', format: 1, device, sequence, at: noon, counter: 1, generation: 1 },
    ...{ state, releases, apps: [], attributes: {} },
  } as unknown as StateReport
  await checkIn(db, { device, report, envelope: '{}', events: [], now: noon, renewBefore: noon })
}
