import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { dataPath } from '../disk/paths.ts'
import { TestDevice } from '../testing/device.test.ts'
import { PretendFleet, type Release } from '../testing/pretend-fleet.test.ts'

const good = { 'bin/main': 'well\n' }
const migrating = { behaviour: { hooks: { migrate: ['bin/migrate'] } } }

describe('going back by hand', { concurrency: 4 }, () => {
  test('runs the earlier release on today’s data, and says so', () =>
    onSecondRevision(async ({ fleet, device }) => {
      const reverting = await device.agent!.revert()
      assert.deepEqual(reverting, {
        way: 'planned',
        from: 2,
        to: 1,
        packages: [{ package: 'acme/hub', revision: 1 }],
        restored: [],
      })
      const report = await fleet.untilState('committed', 1)
      assert.equal(report.attributes.reverted, 'to generation 1, from order 2')
      assert.equal(await historyOf(device, 3), '1 2 1 ')
    }))

  test('needs no server, holds over a restart, and ends with the next order', () =>
    onSecondRevision(async ({ fleet, device, second }) => {
      fleet.faults.status = 503
      await device.agent!.revert()
      await untilRuns(fleet, device, 1)
      await device.stop()
      await device.start()
      fleet.faults.status = 0
      await fleet.untilState('committed', 1)
      await fleet.give([second])
      const report = await fleet.untilState('committed', 2)
      assert.equal(report.attributes.reverted, undefined)
    }))

  test('is taken back by trying the order again', () =>
    onSecondRevision(async ({ fleet, device }) => {
      await device.agent!.revert()
      await fleet.untilState('committed', 1)
      await device.agent!.retry()
      await fleet.untilState('committed', 2)
    }))

  test('over a migration asks for the copy by name, and takes it up where that is said', () =>
    onSecondRevision(
      async ({ fleet, device }) => {
        await assert.rejects(device.agent!.revert(), {
          code: 'agent/migrated',
          details: { package: 'acme/hub', generation: 1, copy: 'data/acme.hub/1' },
        })
        const { restored } = await device.agent!.revert({ restoreData: true })
        assert.deepEqual(restored, ['data/acme.hub/1'])
        await fleet.untilState('committed', 1)
        assert.equal(await historyOf(device, 3), '1 1 ')
        await fleet.give([await fleet.publish('acme/hub', 3, { ...good, a: '3' }, migrating)])
        await fleet.untilState('committed', 3)
        assert.equal(await historyOf(device, 4), 'migrated 3 ')
      },
      { facts: migrating },
    ))

  test('over a migration is refused where the copy is not there', () =>
    onSecondRevision(
      async ({ device }) => {
        await rm(dataPath(device.paths, 'acme/hub', 1), { recursive: true })
        const revert = device.agent!.revert({ restoreData: true })
        await assert.rejects(revert, { code: 'agent/no-data' })
      },
      { facts: migrating },
    ))

  test('is refused below a floor that a release has raised', () =>
    onSecondRevision(
      async ({ fleet, device }) => {
        // It is told that it is committed before the floor is raised, and noted after that.
        await fleet.until('it to be noted', () => device.say.history.changes[1])
        await assert.rejects(device.agent!.revert(), { code: 'agent/below-floor' })
      },
      { facts: { floor: 2 } },
    ))

  test('is refused where there is nothing to go back to', () =>
    onSecondRevision(async ({ device }) => {
      for (const to of [2, 7, 0]) {
        await assert.rejects(device.agent!.revert({ to }), { code: 'agent/no-earlier' })
      }
    }))

  test('recalls a change on probation, with the data as it was', () =>
    onSecondRevision(async ({ fleet, device }) => {
      const policy = { 'probation-seconds': 600, 'check-in-seconds': 60 }
      await fleet.give([await fleet.publish('acme/hub', 3, { ...good, a: '3' })], { policy })
      await fleet.until('the probation', () =>
        fleet.events.find(one => one.state === 'probation' && one.generation === 3),
      )
      const { way, to } = await device.agent!.revert()
      assert.deepEqual([way, to], ['recalled', 2])
      await fleet.untilState('restored', 2)
      await fleet.untilEvent('change', 'engine/recalled')
      assert.equal(await historyOf(device, 2), '1 2 2 ')
      assert.equal(
        fleet.events.some(event => event.kind === 'failure'),
        false,
      )
      await device.stop()
      await device.start()
      await fleet.untilState('restored', 2)
    }))

  test('recalls a fetch that waits for the network', () =>
    onSecondRevision(async ({ fleet, device }) => {
      const third = await fleet.publish('acme/hub', 3, { ...good, film: 'x'.repeat(90_000) })
      fleet.faults.stallAfter = 4000
      await fleet.give([third])
      await fleet.until('the fetch', () =>
        fleet.events.find(one => one.state === 'preparing' && one.generation === 3),
      )
      await device.agent!.revert()
      await fleet.untilState('aborted', 2)
    }))
})

describe('what the owner took back', { concurrency: 2 }, () => {
  const asking = { behaviour: { interfaces: ['camera', 'network'].map(asked) } }

  test('does not come back by going back by hand', () =>
    onFirstRevision(asking, async ({ fleet, device }) => {
      assert.deepEqual(openedFor(device), ['camera', 'network'])
      const second = await fleet.publish('acme/hub', 2, { ...good, a: '2' }, asking)
      await fleet.give([{ ...second, grants: ['network'] }])
      await fleet.untilState('committed', 2)
      await device.agent!.revert()
      await fleet.untilState('committed', 1)
      assert.deepEqual(openedFor(device), ['network'])
    }))

  for (const [how, manner] of [
    ['on probation', 'sick'],
    ['at its start', 'fails to start'],
  ] as const) {
    test(`together with a new revision stays taken where that fails ${how}`, () =>
      onFirstRevision(asking, async ({ fleet, device }) => {
        const bad = await fleet.publish('acme/hub', 2, { 'bin/main': manner }, asking)
        await fleet.give([{ ...bad, grants: ['network'] }])
        await fleet.untilEvent('failure')
        await fleet.until('the camera to be taken', () => isTaken(device))
        await fleet.untilState('committed', 1)
        assert.match(await historyOf(device, 3), /^1 1 1 $/)
      }))
  }

  test('does not wait for what it came with, where that has to be tried again later', () =>
    onFirstRevision(asking, async ({ fleet, device }) => {
      const next = Buffer.from('better\n')
      const second = await fleet.publish('acme/hub', 2, { 'bin/main': next }, asking)
      const lamp = await fleet.publish('acme/lamp', 1, { 'bin/main': next })
      fleet.faults.spoil = (_, body) => (next.equals(body) ? Buffer.from('spoilt\n') : body)
      await fleet.give([{ ...second, grants: ['network'] }, lamp])
      await fleet.until('the camera to be taken', () => isTaken(device))
      assert.deepEqual([...device.apps.running.keys()], ['acme/hub main'])
      delete fleet.faults.spoil
      await fleet.untilState('committed', 2)
    }))

  function asked(name: string) {
    return { interface: name, reason: 'to see who rings' }
  }

  function isTaken(device: TestDevice): true | undefined {
    return openedFor(device).join() === 'network' ? true : undefined
  }

  function openedFor({ apps }: TestDevice): string[] {
    const opened = apps.running.get('acme/hub main')?.opened ?? []
    return opened.map(one => one.interface).sort()
  }
})

describe('an order of an earlier release', () => {
  test('whose data was migrated since is not followed for that package, which is told', () =>
    onSecondRevision(
      async ({ fleet, device, first }) => {
        await fleet.give([first, await fleet.publish('acme/lamp', 1, good)])
        await fleet.untilState('committed', 1, 'acme/lamp')
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
        const { failure } = await fleet.untilEvent('failure', 'agent/migrated')
        assert.equal(failure?.revision, 1)
      },
      { facts: migrating },
    ))

  test('that restores data has that of then, and keeps it under the next order', () =>
    onSecondRevision(
      async ({ fleet, device, first }) => {
        assert.match(await historyOf(device, 2), /^migrated /)
        const policy = {
          'probation-seconds': 1,
          'check-in-seconds': 60,
          'restore-data': ['acme/hub'],
        }
        await fleet.give([first], { policy })
        await fleet.untilState('committed', 1)
        assert.equal(await historyOf(device, 3), '1 1 ')
        await fleet.give([first, await fleet.publish('acme/lamp', 1, good)], { policy })
        await fleet.untilState('committed', 1, 'acme/lamp')
        assert.equal(await historyOf(device, 3), '1 1 ', 'it goes back no further')
        assert.deepEqual(failuresOf(fleet), [])
      },
      { facts: migrating },
    ))

  test('that restores data which is not here any more is refused, by name', () =>
    onSecondRevision(
      async ({ fleet, device, first }) => {
        await rm(dataPath(device.paths, 'acme/hub', 1), { recursive: true })
        const policy = {
          'probation-seconds': 1,
          'check-in-seconds': 60,
          'restore-data': ['acme/hub'],
        }
        await fleet.give([first, await fleet.publish('acme/lamp', 1, good)], { policy })
        await fleet.untilState('committed', 1, 'acme/lamp')
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
        const { message } = await fleet.untilEvent('failure', 'agent/no-data')
        assert.match(
          message,
          /^cannot go back to acme\/hub 1 with its data of then: .* no copy of it$/,
        )
      },
      { facts: migrating },
    ))
})

function failuresOf({ events }: PretendFleet) {
  return events.filter(event => event.kind === 'failure')
}

interface Stage {
  readonly fleet: PretendFleet
  readonly device: TestDevice
  readonly first: Release
}

type Facts = NonNullable<Parameters<PretendFleet['publish']>[3]>

/** A device that has committed revisions 1 and 2 of the hub; `facts` are of the second. */
function onSecondRevision(
  story: (stage: Stage & { readonly second: Release }) => Promise<void>,
  { facts = {} }: { facts?: Facts } = {},
): Promise<void> {
  return onFirstRevision({}, async ({ fleet, device, first }) => {
    const second = await fleet.publish('acme/hub', 2, { ...good, a: '2' }, facts)
    await fleet.give([second])
    await fleet.untilState('committed', 2)
    await story({ fleet, device, first, second })
  })
}

/** A device that has committed revision 1 of the hub, of these facts, with all that it asks for granted. */
async function onFirstRevision(
  facts: Facts,
  story: (stage: Stage) => Promise<void>,
): Promise<void> {
  const fleet = await PretendFleet.start({ interfaces: ['camera', 'network'] })
  const device = await TestDevice.join(fleet)
  device.apps.migrate = spec => {
    writeFileSync(join(spec.data, 'history'), 'migrated ')
    return { exit: 0, output: [] }
  }
  try {
    const first = await fleet.publish('acme/hub', 1, good, facts)
    await fleet.give([first])
    await fleet.untilState('committed', 1)
    await story({ fleet, device, first })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}

function untilRuns(fleet: PretendFleet, { apps }: TestDevice, revision: number): Promise<true> {
  return fleet.until(`revision ${revision} to run`, () =>
    apps.running.get('acme/hub main')?.revision === revision ? true : undefined,
  )
}

function historyOf(device: TestDevice, generation: number): Promise<string> {
  return readFile(join(dataPath(device.paths, 'acme/hub', generation), 'history'), 'utf8')
}
