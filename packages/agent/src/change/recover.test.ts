import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { readIfThere } from '../disk/durable.ts'
import { generationPath } from '../disk/paths.ts'
import { TestDevice } from '../testing/device.test.ts'
import { PretendFleet } from '../testing/pretend-fleet.test.ts'
import { currentGeneration, pointTo } from './generations.ts'
import { JournalFile } from './journal-file.ts'

describe('an agent that starts', { concurrency: 4 }, () => {
  test('over a damaged journal tells so, runs what the pointer names, and goes on', () =>
    afterTwoReleases(async ({ fleet, device }) => {
      const [segment = ''] = (await segmentsOf(device)).reverse()
      const path = join(device.paths.journal, segment)
      const bytes = await readFile(path)
      // A second line, so that the change of the first is damage and no torn end.
      await writeFile(path, Buffer.concat([spoiled(bytes), Buffer.from('x\nx\n')]))
      await device.start()
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
      await fleet.untilEvent('agent')
      await fleet.give([await fleet.publish('acme/hub', 3, { ...good, a: '3' })])
      await fleet.untilState('committed', 3)
    }))

  test('without any journal believes the pointer', () =>
    afterTwoReleases(async ({ fleet, device }) => {
      await rm(device.paths.journal, { recursive: true })
      await device.start()
      assert.equal((await currentGeneration(device.paths)).number, 2)
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
      await fleet.give([await fleet.publish('acme/hub', 3, { ...good, a: '3' })])
      await fleet.untilState('committed', 3)
    }))

  test('over a damaged generation record reads its copy', () =>
    afterTwoReleases(async ({ device }) => {
      await spoilRecords(device, 2)
      await device.start()
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
    }))

  test('over a generation record damaged in every copy goes back to the one before', () =>
    afterTwoReleases(async ({ device }) => {
      await spoilRecords(device, 3)
      await device.start()
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
    }))

  test('after a rescuer pointed back runs what it points to', () =>
    afterTwoReleases(async ({ fleet, device }) => {
      await pointTo(device.paths, 1)
      await device.start()
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
      const event = await fleet.untilEvent('agent')
      assert.match(event.message, /found generation 1 in force/)
    }))

  test('after a rescuer went back from what a change had activated takes that change back, for good', () =>
    afterTwoReleases(async ({ fleet, device }) => {
      await device.start()
      const files = { ...good, own: '3' }
      const behaviour = { 'probation-seconds': 3600 }
      await fleet.give([await fleet.publish('acme/hub', 3, files, { behaviour })])
      await fleet.until('probation', () => probationOf(fleet))
      await device.stop()
      await mkdir(device.paths.agent, { recursive: true })
      await writeFile(join(device.paths.agent, 'rescued'), 'generation 3 2 3\n')
      await pointTo(device.paths, 2)
      await device.start()
      const { failure } = await fleet.untilEvent('failure', 'agent/rescued')
      assert.deepEqual([failure?.package, failure?.revision], ['acme/hub', 3])
      await fleet.until('its end', () => fleet.reports.at(-1)?.state === 'restored' || undefined)
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
      assert.equal(await readIfThere(join(device.paths.agent, 'rescued')), undefined)
      assert.deepEqual(
        fleet.events.filter(event => event.message.startsWith('found')),
        [],
      )
      // The same again, under another order: it is held against it.
      await fleet.give([await fleet.publish('acme/hub', 3, files, { behaviour })])
      const last = () => fleet.reports.at(-1)?.counter === fleet.counter || undefined
      await fleet.until('a report under it', last)
      assert.equal((await currentGeneration(device.paths)).packages[0]?.revision, 2)
      await fleet.give([await fleet.publish('acme/hub', 4, { ...good, own: '4' })])
      await fleet.untilState('committed', 4)
    }))

  test('over a change that ended, and of which a part was collected, knows how it ended', () =>
    afterTwoReleases(async ({ fleet, device }) => {
      const journal = await JournalFile.open(device.paths.journal, {
        device: fleet.deviceId,
        now: () => new Date(),
      })
      const steps = [{ id: 'activate', kind: 'activate', reads: [], writes: [] }] as const
      const seal = digestOf(toUtf8('a generation that is gone'))
      await journal.append({ type: 'plan', from: 2, to: 9, counter: 2, seal, steps })
      await journal.append({
        type: 'abort',
        code: 'x',
        why: 'it failed',
        packages: [],
        lasting: true,
      })
      await journal.append({ type: 'end', outcome: 'aborted' })
      await journal.close()
      const reports = fleet.reports.length
      await device.start()
      const { state } = await fleet.until('a report', () => fleet.reports[reports])
      assert.equal(state, 'aborted')
      // Nothing was found to be otherwise than the journal says.
      assert.deepEqual(
        fleet.events.filter(event => event.message.startsWith('found')),
        [],
      )
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
    }))

  test('leaves running what runs', () =>
    afterTwoReleases(async ({ device }) => {
      const before = device.apps.calls.length
      await device.start()
      assert.deepEqual(device.apps.calls.slice(before), [])
    }))

  test('removes what no change owns', () =>
    afterTwoReleases(async ({ device }) => {
      await writeFile(join(device.paths.incoming, 'left'), 'half')
      await writeFile(join(device.paths.trees, 'left.partial'), 'half')
      await device.start()
      assert.deepEqual(await readdir(device.paths.incoming), [])
      assert.equal((await readdir(device.paths.trees)).includes('left.partial'), false)
    }))
})

const good = { 'bin/main': 'well\n' }

async function spoilRecords({ paths }: TestDevice, copies: number): Promise<void> {
  const path = join(generationPath(paths, 2), 'generation.json')
  for (const copy of [path, `${path}.2`, `${path}.3`].slice(0, copies)) {
    await writeFile(copy, spoiled(await readFile(copy)))
  }
}

function probationOf({ reports }: PretendFleet): true | undefined {
  return reports.at(-1)?.state === 'probation' || undefined
}

interface Stage {
  readonly fleet: PretendFleet
  readonly device: TestDevice
}

/** The story begins with the agent stopped on revision 2, and revision 1 to go back to. */
async function afterTwoReleases(story: (stage: Stage) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  try {
    for (const revision of [1, 2]) {
      const files = { ...good, own: `${revision}` }
      await fleet.give([await fleet.publish('acme/hub', revision, files)])
      await fleet.untilState('committed', revision)
    }
    await device.stop()
    await story({ fleet, device })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}

async function segmentsOf(device: TestDevice): Promise<string[]> {
  return (await readdir(device.paths.journal)).filter(name => name.endsWith('.log')).sort()
}

function spoiled(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[80] = (copy[80] ?? 0) ^ 1
  return copy
}
