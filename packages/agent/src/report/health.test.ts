import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Health } from '@steadfleet/domain'
import { HealthRing } from './health-ring.ts'
import { healthMeter } from './measure-health.ts'

const health: Health = {
  cpu: 10,
  memory: 20,
  disk: 30,
  temperature: null,
  signal: null,
  restarts: 1,
}
const minute = 60_000

test('samples of five minutes are one point: means, and the sum of restarts', () => {
  const ring = new HealthRing()
  for (let i = 0; i <= 5; i += 1) ring.add({ ...health, cpu: i * 100 }, i * minute)
  assert.deepEqual(ring.waiting(6 * minute), [[60, 250, 20, 30, null, null, 6]])
  ring.forget(1)
  assert.deepEqual(ring.waiting(6 * minute), [])
})

test('a server that stays away costs no more than a day of points, and what is older gets coarser', () => {
  const ring = new HealthRing()
  for (let i = 0; i < 10_000; i += 1) ring.add(health, i * minute)
  const points = ring.waiting(10_000 * minute)
  assert.ok(points.length <= 288 && points.length > 100, `${points.length}`)
  const restarts = points.reduce((sum, point) => sum + (point[6] ?? 0), 0)
  assert.ok(restarts > 9_990, `${restarts}`)
})

test('a device is measured from what its kernel tells, and not where it tells nothing', t => {
  const root = mkdtempSync(join(tmpdir(), 'steadfleet-health-'))
  t.after(() => rmSync(root, { recursive: true }))
  const tell = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  let restarts = 3
  const sources = { proc: join(root, 'proc'), sys: join(root, 'sys'), root }
  const measure = healthMeter(sources, () => restarts)
  assert.deepEqual({ ...measure(), disk: null }, { ...nothing, restarts: 0 })
  tell('proc/stat', 'cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3 4\n')
  assert.equal(measure().cpu, 200)
  tell('proc/stat', 'cpu  150 0 150 700 100 0 0 0 0 0\n')
  tell('proc/meminfo', 'MemTotal:        1000 kB\nMemFree: 1 kB\nMemAvailable:     250 kB\n')
  tell('proc/net/wireless', 'Inter-| sta-\n face | tus\n wlan0: 0000   54.  -56.  -256        0\n')
  tell('sys/class/thermal/thermal_zone0/temp', '45300\n')
  tell('sys/class/thermal/thermal_zone1/temp', '61050\n')
  restarts = 5
  const { disk, ...seen } = measure()
  assert.deepEqual(seen, { cpu: 1000, memory: 750, temperature: 611, signal: -56, restarts: 2 })
  assert.ok(disk !== null && disk >= 0 && disk <= 1000)
})

const nothing: Health = {
  cpu: null,
  memory: null,
  disk: null,
  temperature: null,
  signal: null,
  restarts: null,
}
