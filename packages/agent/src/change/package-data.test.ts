import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { dataPath, settingsPath } from '../disk/paths.ts'
import { TestDevice } from '../testing/device.test.ts'
import { LaidTrees } from '../testing/laid-trees.test.ts'
import { PretendFleet } from '../testing/pretend-fleet.test.ts'
import { JournalFile } from './journal-file.ts'
import { dropExpired, listRejected, rejectData } from './rejected-data.ts'

const good = { 'bin/main': 'well\n' }
const day = 86_400_000

describe('data that was gone back from', () => {
  test('is kept for its time and listed, whatever the clock said meanwhile', async () => {
    await using laid = await LaidTrees.make()
    const clock = { at: Date.parse('2026-11-21T00:00:00Z') }
    const grace = { milliseconds: 7 * day, now: () => new Date(clock.at) }
    const rejected = async () => {
      await dropExpired(laid.paths, grace)
      return (await listRejected(laid.paths, grace)).map(one => one.generation)
    }
    put(dataPath(laid.paths, 'acme/hub', 2), 'note')
    await rejectData(laid.paths, 'acme/hub', 2, grace)
    clock.at += 6 * day
    assert.deepEqual(await rejected(), [2])
    clock.at -= 3650 * day
    assert.deepEqual(await rejected(), [2])
    clock.at += 6 * day
    assert.deepEqual(await rejected(), [2], 'its time began anew where the clock was set')
    clock.at += 2 * day
    assert.deepEqual(await rejected(), [])
    assert.deepEqual(readdirSync(join(laid.paths.data, 'acme.hub')), [])
  })

  test('is kept for the newest few of a package', async () => {
    await using laid = await LaidTrees.make()
    const clock = { at: Date.parse('2026-11-21T00:00:00Z') }
    const grace = { milliseconds: 7 * day, now: () => new Date(clock.at) }
    for (const number of [2, 3, 4, 5]) {
      put(dataPath(laid.paths, 'acme/hub', number), 'note')
      await rejectData(laid.paths, 'acme/hub', number, grace)
      clock.at += 60_000
    }
    await dropExpired(laid.paths, grace)
    const left = await listRejected(laid.paths, grace)
    assert.deepEqual(
      left.map(one => one.generation),
      [3, 4, 5],
    )
  })

  test('may be put aside again after a cut at any of its steps', async () => {
    await using laid = await LaidTrees.make()
    const grace = { milliseconds: day, now: () => new Date() }
    const place = dataPath(laid.paths, 'acme/hub', 2)
    await rejectData(laid.paths, 'acme/hub', 2, grace)
    put(place, 'note')
    await rejectData(laid.paths, 'acme/hub', 2, grace)
    await rejectData(laid.paths, 'acme/hub', 2, grace)
    assert.ok(existsSync(join(`${place}.rejected`, 'note')))
    writeFileSync(`${place}.rejected.json`, '{"since":')
    assert.equal((await listRejected(laid.paths, grace)).length, 1)
  })
})

describe('the data of a device', { concurrency: 4 }, () => {
  test('that was left for an earlier copy is put aside once nothing can go back to it', () =>
    withDevice(async ({ fleet, device }) => {
      await commit(fleet, 2)
      await device.agent!.revert({ restoreData: true })
      await fleet.untilState('committed', 1)
      assert.ok(existsSync(dataPath(device.paths, 'acme/hub', 2)))
      await commit(fleet, 3)
      const isAside = () => !existsSync(dataPath(device.paths, 'acme/hub', 2)) || undefined
      await fleet.until('what was left put aside', isAside)
      const { rejected } = await device.agent!.status()
      assert.deepEqual(
        rejected.map(one => [one.package, one.generation]),
        [['acme/hub', 2]],
      )
    }))

  test('that somebody took away is told, and holds nothing up', () =>
    withDevice(async ({ fleet, device }) => {
      rmSync(dataPath(device.paths, 'acme/hub', 1), { recursive: true })
      await commit(fleet, 2)
      await fleet.untilEvent('agent', 'agent/no-data')
      await device.stop()
      device.apps.running.clear()
      rmSync(join(device.paths.data, 'acme.hub'), { recursive: true })
      await device.start()
      await fleet.until(
        'both to be told',
        () => fleet.events.filter(one => one.code === 'agent/no-data')[1],
      )
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
      assert.equal(readFileSync(settingsPath(device.paths, 'acme/hub', 2), 'utf8'), '{}')
    }))

  test('of a generation whose record is lost in every copy is put aside and not removed', () =>
    withDevice(async ({ fleet, device }) => {
      await device.stop()
      for (const name of readdirSync(join(device.paths.generations, '1'))) {
        writeFileSync(join(device.paths.generations, '1', name), 'torn')
      }
      await device.start()
      await fleet.untilState('committed', 1)
      const { rejected } = await device.agent!.status()
      assert.deepEqual(
        rejected.map(one => one.generation),
        [1],
      )
    }))
})

describe('a journal of another device', () => {
  test('is told and put aside, and the pointer is believed', () =>
    withDevice(async ({ fleet, device }) => {
      await commit(fleet, 2)
      await device.stop()
      rmSync(device.paths.journal, { recursive: true })
      mkdirSync(device.paths.journal)
      const options = { device: 'dev_other', now: () => new Date() }
      const other = await JournalFile.open(device.paths.journal, options)
      await other.append({ type: 'found', generation: 1, why: 'it was there' })
      await other.checkpoint()
      await other.close()
      await device.start()
      const event = await fleet.untilEvent('agent', 'engine/record')
      assert.match(event.message, /the journal of dev_other/)
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
      await commit(fleet, 3)
    }))
})

function put(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), '')
}

async function commit(fleet: PretendFleet, revision: number): Promise<void> {
  await fleet.give([await fleet.publish('acme/hub', revision, { ...good, own: `${revision}` })])
  await fleet.untilState('committed', revision)
}

async function withDevice(
  story: (on: { fleet: PretendFleet; device: TestDevice }) => Promise<void>,
): Promise<void> {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  try {
    await commit(fleet, 1)
    await story({ fleet, device })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}
