import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Benchmark, Figure } from '../figure.ts'
import { BenchDevice } from './bench-device.ts'
import { startSnapd } from './snapd.ts'

const settleMs = 15_000
const watchMs = 30_000
/** Of /proc/PID/stat: USER_HZ, which is 100 wherever Linux runs. time(7) */
const ticksPerSecond = 100

/** What an agent costs that has nothing to do, beside snapd's daemon, which has nothing installed. */
export const agentIdle: Benchmark = {
  name: 'agent-idle',
  what: 'memory and CPU of the one-file agent over TLS, one app running, and of snapd, with nothing to do',
  async run() {
    await using device = await BenchDevice.start()
    await device.fleet.give([await device.publish(1, 1_000_000)])
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
    return [...rows('agent', pid, 0), ...beside]
  },
}

function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit, facts: { seconds: watchMs / 1000 } }
}

function memory(pid: number, row: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(new RegExp(`^${row}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}

/** User and system time of a process, in milliseconds. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}
