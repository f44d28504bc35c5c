import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { DeviceEvent } from '@steadfleet/domain'
import { decodeJournal, type WrittenProbation } from '@steadfleet/engine'
import { dataPath, type Paths, pathsOf } from '../disk/paths.ts'
import { TestDevice } from '../testing/device.test.ts'
import { PretendFleet } from '../testing/pretend-fleet.test.ts'
import {
  endApps,
  kill,
  publishScript,
  run,
  sourceFile,
  startAgent,
  whyNotShipped,
} from '../testing/shipped-agent.test.ts'

const good = { 'bin/main': 'well\n' }
const check = '[ ! -e /data/sick ] || { echo the pump is dry; exit 7; }'

describe('a probation that is cut', { concurrency: 4 }, () => {
  test('goes on from where it was, though the clock went back a day', () =>
    onTrial(60, async ({ fleet, device, untilWatched }) => {
      const before = await untilWatched(10)
      await device.stop()
      device.clockOffsetMs = -86_400_000
      await device.start()
      await fleet.untilState('committed', 2)
      const after = await lastTrial(device.paths)
      assert.equal(after?.cuts, 1)
      assert.ok((after?.well ?? 0) >= 60_000, 'its window is over')
      assert.ok((after?.milliseconds ?? 0) > before.milliseconds, 'it is the same trial')
    }))

  test('is neither ended nor drawn out by a clock that jumps', () =>
    onTrial(40, async ({ fleet, device, untilWatched }) => {
      device.clockOffsetMs = 365 * 86_400_000
      await untilWatched(5)
      device.clockOffsetMs = -365 * 86_400_000
      await fleet.untilState('committed', 2)
      assert.ok(((await lastTrial(device.paths))?.well ?? 0) >= 40_000)
    }))

  test('is over where the device ends in it again and again', () =>
    onTrial(600, async ({ fleet, device }) => {
      for (let i = 0; i < 5; i++) {
        await fleet.until('the next look', () => device.apps.running.size > 0 || undefined)
        await device.stop()
        device.boot = `start ${i}`
        await device.start()
      }
      await fleet.untilState('restored', 1)
      const { failure } = await fleet.untilEvent('failure')
      assert.match(failure?.reason ?? '', /ran while the device ended 5 times/)
    }))
})

/** Real processes in real sandboxes; each has its own way of not being well. */
describe('a release on probation', { skip: whyNotShipped(), concurrency: 2 }, () => {
  const hooks = { 'check-health': ['bin/busybox', 'sh', '-c', check] }
  test('whose own check fails late goes back, with the data as it was', () =>
    withRealDevice(async ({ fleet, paths }) => {
      await orderBoth(fleet, 'sleep 1; touch /data/sick; exec sleep 1000', { hooks })
      const { failure } = await fleet.untilEvent('failure')
      assert.match(failure?.reason ?? '', /ended with 7: the pump is dry/)
      await fleet.untilState('restored', 1)
      const old = dataPath(paths, 'acme/hub', 1)
      assert.equal(readFileSync(join(old, 'count'), 'utf8'), '1\n')
      assert.equal(existsSync(join(old, 'sick')), false)
    }))

  test('that dies late goes back, and leaves what is shared as it is', () =>
    withRealDevice(async ({ fleet, paths }) => {
      const script = 'echo two > /data/cache/two; touch /data/own; sleep 1; exit 3'
      await orderBoth(fleet, script, { data: { shared: ['cache'] } })
      const { failure } = await fleet.untilEvent('failure')
      assert.match(failure?.reason ?? '', /stopped by itself/)
      await fleet.untilState('restored', 1)
      const home = join(paths.data, 'acme.hub')
      assert.deepEqual(readdirSync(join(home, 'shared/cache')).sort(), ['one', 'two'])
      const link = readlinkSync(join(home, '2.rejected/cache'))
      assert.equal(link, '/run/steadfleet/shared/cache')
      assert.equal(existsSync(join(home, '1/own')), false)
    }))

  test('that dies while the agent is away goes back too', () =>
    withRealDevice(async ({ fleet, paths, restart }) => {
      const script = 'until [ -e /data/end ]; do sleep 0.1; done; rm /data/end; exit 3'
      await orderBoth(fleet, script)
      await fleet.until('the trial', () => trialOf(fleet, 2))
      await untilTrial(paths, trial => trial.packages.every(one => one.readyAt !== null))
      await restart(async () => {
        writeFileSync(join(dataPath(paths, 'acme/hub', 2), 'end'), '')
        const end = join(dataPath(paths, 'acme/hub', 2), 'end')
        await fleet.until('its end', () => (existsSync(end) ? undefined : true))
      })
      const { failure } = await fleet.untilEvent('failure')
      assert.match(failure?.reason ?? '', /stopped by itself/)
      await fleet.untilState('restored', 1)
    }))
})

async function orderBoth(
  fleet: PretendFleet,
  script: string,
  behaviour: Parameters<typeof publishScript>[3] = {},
): Promise<void> {
  const policy = { 'probation-seconds': 1, 'check-in-seconds': 60 }
  const { data } = behaviour
  const first = `echo 1 > /data/count; ${data ? 'echo one > /data/cache/one;' : ''} exec sleep 1000`
  await fleet.give([await publishScript(fleet, 1, first, data ? { data } : {})], { policy })
  await fleet.untilState('committed', 1)
  const bad = await publishScript(fleet, 2, `echo 2 > /data/count; ${script}`, behaviour)
  await fleet.give([bad], { policy: { ...policy, 'probation-seconds': 60 } })
}

function trialOf(fleet: PretendFleet, generation: number): DeviceEvent | undefined {
  return fleet.events.find(one => one.state === 'probation' && one.generation === generation)
}

interface Trial {
  readonly fleet: PretendFleet
  readonly device: TestDevice
  /** Fulfilled when the journal holds that it was watched for so many seconds since all was ready. */
  readonly untilWatched: (seconds: number) => Promise<WrittenProbation>
}

/** A device whose second generation is on trial for so many seconds; its time goes twenty times as fast. */
async function onTrial(seconds: number, story: (trial: Trial) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  try {
    await fleet.give([await fleet.publish('acme/hub', 1, good)])
    await fleet.untilState('committed', 1)
    device.haste = 20
    const policy = { 'probation-seconds': seconds, 'check-in-seconds': 60 }
    await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })], { policy })
    await fleet.until('the trial', () => trialOf(fleet, 2))
    await story({
      fleet,
      device,
      untilWatched: seconds => untilTrial(device.paths, one => (one.well ?? 0) >= seconds * 1000),
    })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}

async function untilTrial(
  paths: Paths,
  is: (trial: WrittenProbation) => boolean,
): Promise<WrittenProbation> {
  for (let tries = 0; tries < 800; tries++) {
    const trial = await lastTrial(paths)
    if (trial && is(trial)) return trial
    await wait(25)
  }
  return assert.fail('the journal does not come to hold such a trial')
}

/** The last word of the journal on a trial, in whichever segment it is. */
async function lastTrial({ journal }: Paths): Promise<WrittenProbation | undefined> {
  const names = (await readdir(journal)).filter(name => name.endsWith('.log')).sort()
  const files = await Promise.all(names.map(name => readFile(join(journal, name))))
  const records = files.flatMap(bytes => decodeJournal(bytes).records)
  return records.findLast(record => record.type === 'watch')?.probation
}

interface RealDevice {
  readonly fleet: PretendFleet
  readonly paths: Paths
  /** Kills the agent, and starts it again after `meanwhile`. */
  readonly restart: (meanwhile: () => Promise<void>) => Promise<void>
}

async function withRealDevice(story: (device: RealDevice) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const directory = mkdtempSync(join(tmpdir(), 'steadfleet-trial-'))
  const paths = pathsOf(join(directory, 's'))
  let agent: ChildProcess | undefined
  const restart = async (meanwhile: () => Promise<void>) => {
    if (agent) await kill(agent)
    await meanwhile()
    agent = await startAgent(paths, fleet, sourceFile)
  }
  try {
    await run(['join', fleet.token, '--state', paths.root], sourceFile)
    agent = await startAgent(paths, fleet, sourceFile)
    await story({ fleet, paths, restart })
  } finally {
    if (agent) await kill(agent)
    await endApps(paths)
    await fleet.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
