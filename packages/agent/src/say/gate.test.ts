import assert from 'node:assert/strict'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { UpdatePolicy } from '@steadfleet/domain'
import { leasePath } from '../disk/paths.ts'
import type { TestDevice } from '../testing/device.test.ts'
import type { PretendFleet } from '../testing/pretend-fleet.test.ts'
import { withFleet } from '../testing/stage.test.ts'
import { consent, holdUpdates, resumeUpdates, setMetered, updateNow } from './acts.ts'

const good = { 'bin/main': 'well\n' }
const now = () => new Date()
const closed = closedWindow()
const hour = 3600

describe('an update of a device whose owner has a say', { concurrency: 6 }, () => {
  test('waits, fetched, for its window; says so; and goes on when somebody says now', () =>
    withFleet(async ({ fleet, device }) => {
      await updateUnder(fleet, closed)
      const waiting = await waits(fleet, 'window')
      assert.match(waiting.latest, /^\d{4}-/)
      const event = await fleet.until('an event that says so', () =>
        fleet.events.find(one => one.details?.waits === 'window'),
      )
      assert.match(event.message, /^generation 2 waits: the next update window opens at /)
      assert.deepEqual(
        [...device.apps.running.values()].map(one => one.revision),
        [1],
      )
      const asked = contentAsked(fleet)

      const update = await updateNow(device.say)
      assert.deepEqual(update?.packages, [{ package: 'acme/hub', from: 1, to: 2 }])
      const report = await fleet.untilState('committed', 2)
      assert.equal(report.waiting, undefined)
      assert.equal(contentAsked(fleet), asked, 'nothing is fetched again')
    }))

  test('keeps what is prepared, the hold and the bound over a restart of the agent', () =>
    withFleet(async ({ fleet, device }) => {
      await holdUpdates(device.say)
      await updateUnder(fleet, {})
      await waits(fleet, 'hold')
      const { since } = device.say.own.value.pending ?? {}
      const asked = contentAsked(fleet)
      await device.stop()
      await device.start()
      await fleet.until('it waits again', () => (device.say.gate.waiting ? true : undefined))
      assert.equal(device.say.own.value.pending?.since, since)
      await resumeUpdates(device.say)
      await fleet.untilState('committed', 2)
      assert.equal(contentAsked(fleet), asked, 'nothing is fetched again')
      await fleet.until('all the time again for the next update', () =>
        Object.keys(device.say.own.value).length === 0 ? true : undefined,
      )
    }))

  test('waits no longer than the fleet lets it', () =>
    withFleet(async ({ fleet, device }) => {
      await holdUpdates(device.say)
      await updateUnder(fleet, { ...closed, 'max-delay-seconds': hour })
      await waits(fleet, 'hold,window')
      device.clockOffsetMs = hour * 1000
      device.say.gate.ring()
      await fleet.untilState('committed', 2)
    }))

  test('that mends a flaw has a bound of its own', () =>
    withFleet(async ({ fleet, device }) => {
      await holdUpdates(device.say)
      await updateUnder(fleet, { 'security-delay-seconds': hour }, { 'security-revision': 2 })
      await waits(fleet, 'hold')
      device.clockOffsetMs = hour * 1000
      device.say.gate.ring()
      await fleet.untilState('committed', 2)
    }))

  test('is asked about, put off for a while, and agreed to', () =>
    withFleet(async ({ fleet, device }) => {
      await updateUnder(fleet, { consent: true })
      await waits(fleet, 'consent')
      const { id } = device.say.gate.update!
      const other = { answer: 'now', update: 'another' } as const
      await assert.rejects(consent(device.say, other, now()), { code: 'agent/other-update' })
      await consent(device.say, { answer: 'later', update: id }, now())
      await until(device, 'later')
      await consent(device.say, { answer: 'now', update: id }, now())
      await fleet.untilState('committed', 2)
    }))

  test('is not fetched over a metered link', () =>
    withFleet(async ({ fleet, device }) => {
      device.conditions = { isMetered: true }
      await updateUnder(fleet, {})
      await waits(fleet, 'metered')
      const asked = contentAsked(fleet)
      device.say.gate.ring()
      await until(device, 'metered')
      assert.equal(contentAsked(fleet), asked, 'nothing of it is fetched')
      await setMetered(device.say, false)
      await fleet.untilState('committed', 2)
    }))

  test('waits for power and for rest, as the device finds them', () =>
    withFleet(async ({ fleet, device }) => {
      device.conditions = { isMetered: false, batteryPercent: 10, loadPercent: 400 }
      await updateUnder(fleet, { 'min-battery-percent': 50, 'max-load-percent': 100 })
      await waits(fleet, 'battery')
      device.conditions = { isMetered: false, batteryPercent: 60, loadPercent: 400 }
      device.say.gate.ring()
      await waits(fleet, 'load')
      device.conditions = { isMetered: false, batteryPercent: 10, loadPercent: 400 }
      device.say.gate.ring()
      await waits(fleet, 'battery,load')
      device.conditions = { isMetered: false, loadPercent: 10 }
      device.say.gate.ring()
      await fleet.untilState('committed', 2)
    }))

  test('that is superseded while it waits gives way, and does not gain time by it', () =>
    withFleet(async ({ fleet, device }) => {
      await holdUpdates(device.say)
      await updateUnder(fleet, {})
      await waits(fleet, 'hold')
      const { since } = device.say.own.value.pending ?? {}
      await fleet.give([await fleet.publish('acme/hub', 3, { ...good, c: '3' })])
      await fleet.until('the third waits', () =>
        device.say.gate.update?.packages[0]?.to === 3 && device.say.gate.waiting ? true : undefined,
      )
      assert.equal(device.say.own.value.pending?.since, since)
      await resumeUpdates(device.say)
      await fleet.untilState('committed', 3)
    }))

  test('of its settings alone, the first of all, and one by hand wait for nobody', () =>
    withFleet(async ({ fleet, device }) => {
      await holdUpdates(device.say)
      const declared = { settings: { color: { type: 'string', default: 'red' } } } as const
      const first = await fleet.publish('acme/hub', 1, good, { behaviour: declared })
      await fleet.give([first], ordered(closed))
      await fleet.untilState('committed', 1)
      await fleet.give([{ ...first, settings: { color: 'blue' } }], ordered(closed))
      await fleet.untilState('committed', 1)
      await device.agent!.revert()
      await fleet.until('the way back', () =>
        fleet.reports.at(-1)?.generation === 3 && fleet.reports.at(-1)?.state === 'committed'
          ? true
          : undefined,
      )
    }))

  test('waits for its window as the clock goes back across it, and still ends by its bound', () =>
    withFleet(async ({ fleet, device }) => {
      await updateUnder(fleet, { ...closed, 'max-delay-seconds': hour })
      await waits(fleet, 'window')
      device.clockOffsetMs = -24 * hour * 1000
      const { own, gate } = device.say
      gate.ring()
      await until(device, 'window')
      // The clock says that no time has passed; a whole hour was waited all the same.
      const { pending } = own.value
      own.note({ ...own.value, ...(pending && { pending: { ...pending, waited: hour } }) })
      gate.ring()
      await fleet.untilState('committed', 2)
      const states = fleet.events.filter(one => one.generation === 2).map(one => one.state)
      assert.equal(states.filter(one => one === 'activating').length, 1)
    }))

  test('waits for an app that says not now, and no longer than the fleet lets it', () =>
    withFleet(async ({ fleet, device }) => {
      const folder = leasePath(device.paths, 'acme/hub')
      await mkdir(folder, { recursive: true })
      await updateUnder(fleet, { 'lease-seconds': hour }, {}, () =>
        writeFile(join(folder, 'scan'), 'a scan runs\nseconds=3600\n'),
      )
      const { reasons } = await waits(fleet, 'lease')
      assert.equal(reasons[0]?.why, 'acme/hub says not now: a scan runs')
      assert.equal((await stat(folder)).mode & 0o777, 0o770, 'others may be taken meanwhile')
      const { own, gate } = device.say
      const { pending } = own.value
      own.note({ ...own.value, ...(pending && { pending: { ...pending, leased: hour } }) })
      gate.ring()
      await fleet.untilState('committed', 2)
      const told = await fleet.until('an event that says so', () =>
        fleet.events.find(one => one.message.includes('waits no longer')),
      )
      assert.match(told.message, /by the bound of its fleet, though acme\/hub says not now/)
      assert.equal((await stat(folder)).mode & 0o777, 0o770)
    }))

  test('goes on once the app lets it', () =>
    withFleet(async ({ fleet, device }) => {
      const folder = leasePath(device.paths, 'acme/hub')
      await mkdir(folder, { recursive: true })
      await updateUnder(fleet, {}, {}, () => writeFile(join(folder, 'scan'), ''))
      await waits(fleet, 'lease')
      await rm(join(folder, 'scan'))
      await fleet.untilState('committed', 2)
    }))

  test('goes on under a policy that cannot be read, which is told', () =>
    withFleet(async ({ fleet }) => {
      await updateUnder(fleet, { windows: 'never' } as unknown as UpdatePolicy)
      await fleet.untilState('committed', 2)
      await fleet.untilEvent('security', 'schema/mismatch')
    }))
})

/** Brings the device from revision 1 to 2 under a policy that the order carries. */
async function updateUnder(
  fleet: PretendFleet,
  policy: UpdatePolicy,
  behaviour: object = {},
  between: () => Promise<void> = async () => undefined,
): Promise<void> {
  await fleet.give([await fleet.publish('acme/hub', 1, good)])
  await fleet.untilState('committed', 1)
  await between()
  await fleet.give(
    [await fleet.publish('acme/hub', 2, { ...good, b: '2' }, { behaviour })],
    ordered(policy),
  )
}

function ordered(updates: UpdatePolicy) {
  return { policy: { 'probation-seconds': 1, 'check-in-seconds': 60, updates } }
}

async function waits(fleet: PretendFleet, kinds: string) {
  return fleet.until(`a report that waits for ${kinds}`, () => {
    const { waiting } = fleet.reports.at(-1) ?? {}
    return waiting?.reasons.map(({ kind }) => kind).join() === kinds ? waiting : undefined
  })
}

async function until(device: TestDevice, kind: string): Promise<void> {
  const { signal } = new AbortController()
  for (let i = 0; i < 200; i++) {
    if (device.say.gate.waiting?.reasons.some(one => one.kind === kind)) return
    await device.world.sleep(50, signal)
  }
  assert.fail(`it does not wait for ${kind}`)
}

/** Requests for what a release is made of. */
function contentAsked(fleet: PretendFleet): number {
  return fleet.requests.filter(one => /\/v1\/(bundles|objects)\//.test(one)).length
}

/** A window that is not open within a day of now, in UTC. */
function closedWindow(): UpdatePolicy {
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
  const day = days[(now().getUTCDay() + 3) % 7]!
  return { windows: [{ days: [day], from: '10:00', to: '11:00' }], 'time-zone': 'UTC' }
}
