import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { askImport } from '../offline/ask-import.ts'
import { TestDevice } from '../testing/device.test.ts'
import { exportOf } from '../testing/offline-fleet.test.ts'
import { PretendFleet } from '../testing/pretend-fleet.test.ts'

const day = 86_400_000
const good = { 'bin/main': 'well\n' }

describe('a check-in', () => {
  test('brings the timestamp that is newer, and asks for no file where nothing is', () =>
    onRevisionOne(async ({ fleet, device }) => {
      await fleet.publish('acme/hub', 2, { ...good, a: '2' })
      await nextCheckIn(fleet)
      fleet.requests.length = 0
      await nextCheckIn(fleet)
      assert.equal(await heldTimestamp(device), shownTimestamp(fleet))
      assert.deepEqual([...new Set(fleet.requests)], ['POST /v1/devices/self/check-in'])
    }))

  test('tells of a freeze once the timestamp has expired, and takes orders all the same', () =>
    onRevisionOne(async ({ fleet, device }) => {
      device.clockOffsetMs = 2 * day
      await nextCheckIn(fleet)
      const { message } = await fleet.untilEvent('security', 'trust/expired')
      assert.match(message, /timestamp/)
      const { counter } = fleet
      await fleet.give([])
      await fleet.until('the order taken', () => fleet.reports.find(one => one.counter > counter))
    }))

  test('after months away, in which all that the device held of the fleet’s times expired, catches up', () =>
    onRevisionOne(async ({ fleet, device }) => {
      await device.stop()
      fleet.aheadMs = 150 * day
      device.clockOffsetMs = 150 * day
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })])
      await device.start()
      await fleet.untilState('committed', 2)
      // Half a year without a network, and then a stick.
      await device.stop()
      await fleet.close()
      fleet.aheadMs = 300 * day
      device.clockOffsetMs = 300 * day
      const third = await fleet.publish('acme/hub', 3, { ...good, a: '3' })
      await fleet.give([third])
      const folder = await mkdtemp(join(tmpdir(), 'steadfleet-stick-'))
      try {
        const stick = join(folder, 'stick.sfo')
        await writeFile(stick, await exportOf(fleet, [third]))
        await device.start()
        const { state } = await askImport(device.paths, stick, () => undefined)
        assert.equal(state, 'imported')
      } finally {
        await rm(folder, { recursive: true })
      }
      await fleet.reopen()
      await fleet.untilState('committed', 3)
      assert.deepEqual(
        fleet.events.filter(({ kind }) => kind === 'security'),
        [],
      )
    }))

  test('does not go back to an older timestamp', () =>
    onRevisionOne(async ({ fleet, device }) => {
      const older = new Map(fleet.catalogue)
      await fleet.publish('acme/hub', 2, { ...good, a: '2' })
      await nextCheckIn(fleet)
      await nextCheckIn(fleet)
      const held = shownTimestamp(fleet)
      for (const [name, bytes] of older) fleet.catalogue.set(name, bytes)
      await nextCheckIn(fleet)
      await fleet.untilEvent('security', 'trust/rollback')
      assert.equal(await heldTimestamp(device), held)
    }))
})

interface Stage {
  readonly fleet: PretendFleet
  readonly device: TestDevice
}

async function onRevisionOne(story: (stage: Stage) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  try {
    await fleet.give([await fleet.publish('acme/hub', 1, good)])
    await fleet.untilState('committed', 1)
    await story({ fleet, device })
  } finally {
    await device[Symbol.asyncDispose]()
    await fleet.close()
  }
}

/** Calls the device, until it has checked in after the call. */
async function nextCheckIn(fleet: PretendFleet): Promise<void> {
  const before = fleet.reports.length
  await fleet.until('a check-in', () => {
    fleet.look()
    return fleet.reports[before]
  })
}

/** The version of the timestamp that the device keeps, and of the one that its server shows. */
async function heldTimestamp({ paths }: TestDevice): Promise<number> {
  return versionOf(await readFile(join(paths.trust, 'catalogue-acme', 'current', 'timestamp.json')))
}

function shownTimestamp({ catalogue }: PretendFleet): number {
  return versionOf(catalogue.get('timestamp.json') ?? new Uint8Array())
}

function versionOf(file: Uint8Array): number {
  return JSON.parse(Buffer.from(file).toString()).signed.version
}
