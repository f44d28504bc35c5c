import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Rollout, sumTallies } from '@steadfleet/domain'
import { createEnrolmentToken, getRollout, moveChannel } from '@steadfleet/protocol'
import {
  fleet as fleetName,
  follow,
  greenhouse,
  moveStable,
  openTestFleet,
  type TestFleet,
} from '../packages/server/src/testing/test-fleet.ts'
import { type Benchmark, type Figure, round } from './figure.ts'
import { cpuSeconds, residentBytes } from './process.ts'

const program = join(import.meta.dirname, '../packages/simulator/src/main.ts')
const probationSeconds = 10

/** The sizes of fleet that are compared, from `STEADFLEET_BENCH_DEVICES`, as 1000,10000. */
const sizes = (process.env.STEADFLEET_BENCH_DEVICES ?? '1000').split(',').map(Number)

/** One phase over a whole fleet: from the channel's move to verified orders, and to committed reports. */
export const fleetMoved: Benchmark = {
  name: 'fleet',
  what: 'a fleet of simulated devices moved in one phase; the devices share the machine',
  async run() {
    const figures: Figure[] = []
    for (const size of sizes) figures.push(...(await moved(size)))
    return figures
  },
}

async function moved(size: number): Promise<Figure[]> {
  await using it = await openTestFleet()
  await it.publish({ revision: 1 })
  await moveStable(it.operator, 1)
  await follow(it.operator)
  const empty = residentBytes(it.server().pid)
  await using devices = await startDevices(it, size)
  await until(() => devices.count('verified orders') >= size && devices.idle() === size)
  const connected = residentBytes(it.server().pid)
  await it.publish({ revision: 2 })
  const cpuBefore = cpuSeconds(it.server().pid)
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  const rollout = await move(it, size)
  await until(() => devices.count('verified orders') >= size + size * 0.99)
  const verified = seconds()
  let ended = await told(it, rollout)
  await until(async () => {
    ended = await told(it, rollout)
    return ended.state !== 'running'
  })
  const { done } = sumTallies(ended.tallies)
  const cpu = cpuSeconds(it.server().pid) - cpuBefore
  const rows: [what: string, value: number, unit: string][] = [
    ['99 % hold a verified order', verified, 's'],
    [`${done} committed, probation ${probationSeconds} s`, seconds(), 's'],
    ['CPU of the server for each', (cpu / size) * 1000, 'ms'],
    ['memory of the server for each', (connected - empty) / size / 1000, 'kB'],
  ]
  return rows.map(([what, value, unit]) => ({
    ...{ name: `${size} devices: ${what}`, value: round(value), unit },
    facts: { devices: size },
  }))
}

async function move(it: TestFleet, size: number): Promise<number> {
  const params = { ...greenhouse, track: 'latest', risk: 'stable' }
  const phases = [{ percent: 100, 'max-failures': size }]
  const { rollouts } = await it.operator.call(moveChannel, {
    params,
    body: { revision: 2, phases },
  })
  return rollouts[0]?.id ?? 0
}

function told(it: TestFleet, rollout: number): Promise<Rollout> {
  return it.operator.call(getRollout, { params: { rollout } })
}

interface Devices extends AsyncDisposable {
  idle(): number
  count(what: string): number
}

async function startDevices(it: TestFleet, size: number): Promise<Devices> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  let last: { phases: Record<string, number>; counts: Record<string, number> } = {
    phases: {},
    counts: {},
  }
  createInterface({ input: child.stdout }).on('line', line => {
    last = JSON.parse(line)
  })
  const none = { breaks: [], fails: 0, vanishes: 0, offline: 0, slow: 0, liars: 0 }
  const times = { 'probation-seconds': probationSeconds, 'fetch-seconds': 0.2 }
  const options = { seed: 1, devices: size, ...times, 'check-in-seconds': 900, model: none }
  child.stdin.write(`${JSON.stringify(options)}\n`)
  let left = size
  const give = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const asked = { params: { fleet: fleetName }, body: {} }
      const { token } = await it.operator.call(createEnrolmentToken, asked)
      child.stdin.write(`${token}\n`)
    }
  }
  await Promise.all(Array.from({ length: 24 }, give))
  return {
    idle: () => last.phases.idle ?? 0,
    count: what => last.counts[what] ?? 0,
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
    },
  }
}

/** Ten minutes at most: a benchmark asserts nothing, and still ends. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 600_000
  while (!(await isSo()) && performance.now() < end) {
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
