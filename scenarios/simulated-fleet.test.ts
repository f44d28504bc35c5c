import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { devicesIn, type Rollout, sumTallies } from '@steadfleet/domain'
import {
  createEnrolmentToken,
  getRollout,
  listDevices,
  listFailures,
  moveChannel,
} from '@steadfleet/protocol'
import {
  fleet,
  follow,
  greenhouse,
  moveStable,
  openTestFleet,
  type TestFleet,
} from '../packages/server/src/testing/test-fleet.ts'

const program = join(import.meta.dirname, '../packages/simulator/src/main.ts')
const count = 30
const patienceMs = 60_000

/** Real server, real protocol, every order verified; what the devices install is pretended. */
describe(`a fleet of ${count} simulated devices`, { concurrency: false }, () => {
  let it: TestFleet
  let simulator: Simulator
  before(async () => {
    it = await openTestFleet()
    await it.publish({ revision: 1 })
    await moveStable(it.operator, 1)
    await follow(it.operator)
    simulator = await startSimulator(it)
  })
  after(async () => {
    await simulator?.end()
    await it?.[Symbol.asyncDispose]()
  })

  test('joins, verifies its first order, and runs the first revision', async () => {
    await until('all run revision 1', async () => (await running(1)) === count)
    await until('all have said so', async () => simulator.last().phases.idle === count)
  })

  test('is moved to the next one, each device done by its own report', async () => {
    await it.publish({ revision: 2 })
    const ended = await rolledOut(2)
    assert.deepEqual([ended.state, sumTallies(ended.tallies).done], ['done', count])
    assert.equal(await running(2), count)
  })

  test('is saved by the halt from a release that breaks half of it', async () => {
    await it.publish({ revision: 3 })
    const ended = await rolledOut(3)
    assert.equal(ended.state, 'halted')
    const { waiting, recalled } = sumTallies(ended.tallies)
    assert.ok(waiting + recalled > count / 2, `${waiting} waiting, ${recalled} recalled`)
    const failures = await it.operator.call(listFailures, { query: {} })
    assert.ok(failures.some(({ failure }) => failure.revision === 3))
  })

  test('is moved to the end over a server that is killed and restarted in the middle', async () => {
    await it.publish({ revision: 4 })
    const phases = [{ percent: 100, 'at-once': 10 }]
    const rollout = await move(4, phases)
    await until('some are done', async () => sumTallies((await told(rollout)).tallies).done > 0)
    await it.killAndRestart()
    await until('the rollout ended', async () => (await told(rollout)).state !== 'running')
    const ended = await told(rollout)
    assert.deepEqual([ended.state, sumTallies(ended.tallies).done], ['done', count])
    assert.equal(devicesIn(sumTallies(ended.tallies)), count)
    assert.equal(await running(4), count)
  })

  async function running(revision: number): Promise<number> {
    const devices = await it.operator.call(listDevices, { params: { fleet } })
    return devices.filter(({ releases }) => releases[0]?.revision === revision).length
  }

  async function rolledOut(revision: number): Promise<Rollout> {
    const rollout = await move(revision)
    await until(`${revision} ended`, async () => (await told(rollout)).state !== 'running')
    return told(rollout)
  }

  async function move(revision: number, phases?: Rollout['phases']): Promise<number> {
    const params = { ...greenhouse, track: 'latest', risk: 'stable' }
    const body = { revision, ...(phases && { phases }) }
    const { rollouts } = await it.operator.call(moveChannel, { params, body })
    assert.ok(rollouts[0])
    return rollouts[0].id
  }

  function told(rollout: number): Promise<Rollout> {
    return it.operator.call(getRollout, { params: { rollout } })
  }

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + patienceMs
    while (!(await isSo().catch(() => false))) {
      if (performance.now() > end) assert.fail(`not seen: ${what}; ${simulator.lines.at(-1)}`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
})

interface Simulator {
  readonly lines: string[]
  last(): { readonly phases: Readonly<Record<string, number>> }
  end(): Promise<void>
}

async function startSimulator(it: TestFleet): Promise<Simulator> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', line => lines.push(line))
  const model = { breaks: [{ revision: 3, share: 0.5 }], fails: 0, vanishes: 0 }
  const options = {
    ...{ seed: 7, devices: count, 'probation-seconds': 0.2, 'fetch-seconds': 0.05 },
    ...{ 'check-in-seconds': 5, model: { ...model, offline: 0, slow: 0, liars: 0 } },
  }
  child.stdin.write(`${JSON.stringify(options)}\n`)
  for (let i = 0; i < count; i += 1) {
    const asked = { params: { fleet }, body: {} }
    const { token } = await it.operator.call(createEnrolmentToken, asked)
    child.stdin.write(`${token}\n`)
  }
  return {
    lines,
    last: () => JSON.parse(lines.at(-1) ?? '{"phases":{}}'),
    async end() {
      child.stdin.end()
      await ended
    },
  }
}
