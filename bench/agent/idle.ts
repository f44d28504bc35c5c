import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Benchmark, Figure } from '../figure.ts'
import { BenchDevice } from './bench-device.ts'
import { startSnapd } from './snapd.ts'

/** What the change left behind is collected within a minute: `thrift.ts`. */
const settleMs = 65_000
const watchMs = 60_000
const checkIns = 5

/** What an agent costs that has nothing to do, beside snapd's daemon, which has nothing installed. */
export const agentIdle: Benchmark = {
  name: 'agent-idle',
  what: 'memory and CPU of the one-file agent over TLS, one app running, and of snapd, with nothing to do',
  async run() {
    await using device = await BenchDevice.start()
    // Without a word about it in its order a device checks in each 15 minutes.
    const policy = { 'probation-seconds': 1 }
    await device.fleet.give([await device.publish(1, 1_000_000)], { policy })
    await device.fleet.untilState('committed', 1)
    await using snapd = await startSnapd()
    await wait(settleMs)
    const pid = device.agent.pid ?? 0
    const pids = [pid, ...(snapd.pid ? [snapd.pid] : [])]
    const before = pids.map(cpuMs)
    await wait(watchMs)
    const after = pids.map(cpuMs)
    const share = (i: number) => (((after[i] ?? 0) - (before[i] ?? 0)) / watchMs) * 100
    const rows = (name: string, one: number, i: number): Figure[] => [
      figure(`${name}: resident`, memory(one, 'Rss'), 'KiB'),
      figure(
        `${name}: private`,
        memory(one, 'Private_Dirty') + memory(one, 'Private_Clean'),
        'KiB',
      ),
      figure(`${name}: private, written to`, memory(one, 'Private_Dirty'), 'KiB'),
      figure(`${name}: CPU`, Number(share(i).toFixed(3)), '%'),
    ]
    const beside = snapd.pid ? rows(`snapd ${snapd.version}`, snapd.pid, 1) : []
    if (snapd.why) console.log(`  no snapd beside it: ${snapd.why}`)
    const asked = figure('agent: CPU of a check-in', await cpuOfCheckIn(device, pid), 'ms')
    return [...rows('agent', pid, 0), asked, ...beside]
  },
}

function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit, facts: { seconds: watchMs / 1000 } }
}

function memory(pid: number, row: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(new RegExp(`^${row}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}

/** What it takes to be called, to check in and to hear that nothing is new. */
async function cpuOfCheckIn({ fleet }: BenchDevice, pid: number): Promise<number> {
  const before = cpuMs(pid)
  for (let i = 0; i < checkIns; i += 1) {
    const asked = () => fleet.requests.filter(one => one.includes('check-in')).length
    const before = asked()
    fleet.look()
    await fleet.until('a check-in', () => asked() > before || undefined)
    await wait(500)
  }
  return Number(((cpuMs(pid) - before) / checkIns).toFixed(1))
}

/** Time on a processor of all threads of a process, in milliseconds; counted in nanoseconds. proc(5) */
function cpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = tasks.map(task => {
    return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  })
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6
}
