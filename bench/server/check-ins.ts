import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTestFleet } from '../../packages/server/src/testing/test-fleet.ts'
import { type Benchmark, type Figure, round } from '../figure.ts'
import { cpuSeconds } from '../process.ts'
import { startNginx } from './nginx.ts'
import { readyDevices, signedCheckIns } from './signed-requests.ts'
import { load } from './wrk.ts'

const devices = Number(process.env.STEADFLEET_BENCH_DEVICES ?? '2000')
const seconds = 5
const connectionCounts = (process.env.STEADFLEET_BENCH_CONNECTIONS ?? '64,256,512')
  .split(',')
  .map(Number)
/** At least so many times what a run may take: what is signed is sent once. */
const mostPerSecond = 25_000

/** Check-ins in sessions, each kept for good before its reply, beside a web server with a static file. */
export const serverCheckIns: Benchmark = {
  name: 'server-check-ins',
  what: `check-ins of ${devices} devices in sessions, beside nginx with a file of 1 KB`,
  async run() {
    const yardstick = await nginxRate()
    const figures: Figure[] = [
      { name: 'nginx, 1 KB', value: round(yardstick), unit: '1/s', facts: { connections: 64 } },
    ]
    for (const connections of connectionCounts) {
      figures.push(...(await checkInsOver(connections, yardstick)))
    }
    return figures
  },
}

async function nginxRate(): Promise<number> {
  await using nginx = await startNginx()
  return (await load(nginx.url, { connections: 64, seconds })).rate
}

async function checkInsOver(connections: number, yardstick: number): Promise<Figure[]> {
  await using it = await openTestFleet()
  const ready = await readyDevices(it, devices)
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-load-'))
  const file = join(folder, 'requests')
  const script = [join(import.meta.dirname, 'replay.lua'), file]
  const to = Math.ceil((seconds * mostPerSecond) / devices)
  writeFileSync(file, await signedCheckIns(it.origin(), ready, { from: 1, to }))
  const before = cpuSeconds(it.server().pid)
  const found = await load(it.origin(), { connections, seconds, script })
  const cpu = cpuSeconds(it.server().pid) - before
  rmSync(folder, { recursive: true, force: true })
  const { rate, p50, p99, refused, requests } = found
  const facts = { devices, connections, requests, refused }
  const name = `${connections} connections`
  return [
    { name: `check-ins, ${name}`, value: round(rate), unit: '1/s', facts },
    { name: `of nginx, ${name}`, value: round(rate / yardstick), unit: 'share', facts },
    {
      ...{ name: `CPU of the server for each, ${name}`, unit: 'µs', facts },
      value: round((cpu / Math.max(1, requests)) * 1e6),
    },
    { name: `median, ${name}`, value: round(p50), unit: 'ms', facts },
    { name: `99th percentile, ${name}`, value: round(p99), unit: 'ms', facts },
  ]
}
