import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HealthPoints } from '@steadfleet/domain'
import { healthOf, healthOfFleet, latestHealth } from '../store/health-store.ts'
import type { Db } from '../store/schema.ts'
import { inFleet } from '../testing/test-rollout.ts'
import { keepHealth } from './health.ts'

const start = Date.parse('2026-11-21T12:00:00Z')
const measured = (age: number, cpu: number, restarts = 0): HealthPoints[number] => {
  return [age, cpu, 500, 900, null, -60, restarts]
}

describe('what devices measure', () => {
  test('is kept by five minutes, hours and days, counted back from now', () =>
    inFleet(2, async ({ db, devices: [one = '', other = ''] }) => {
      await keep(db, one, 0, [measured(600, 100), measured(300, 200), measured(0, 300, 2)])
      await keep(db, one, 300, [measured(0, 400, 1)])
      await keep(db, other, 0, [measured(0, 500)])
      const day = await healthOf(db, one, 'day')
      assert.deepEqual(
        day.map(({ at, cpu }) => [at - start / 1000, cpu]),
        [
          [-600, 100],
          [-300, 200],
          [0, 300],
          [300, 400],
        ],
      )
      const [hour] = (await healthOf(db, one, 'month')).slice(-1)
      assert.deepEqual([hour?.cpu, hour?.restarts, hour?.temperature], [350, 3, null])
      assert.equal((await healthOf(db, one, 'years')).length, 1)
      assert.deepEqual(await latestHealth(db, one, 'cpu'), { at: start / 1000 + 300, value: 400 })
      assert.equal(await latestHealth(db, one, 'temperature'), undefined)
      const fleet = await healthOfFleet(db, 'home', 'day', new Date(start))
      assert.deepEqual(fleet.find(({ at }) => at === start / 1000)?.cpu, 400)
    }))

  test('stays within its bounds, however long a device lives and whatever it says', () =>
    inFleet(1, async ({ db, devices: [device = ''] }) => {
      for (let hour = 0; hour < 24 * 33; hour += 4) {
        await keep(db, device, hour * 3600, [measured(-5, 1), measured(0, 1), measured(999_999, 1)])
      }
      assert.ok((await healthOf(db, device, 'day')).length <= 7)
      assert.ok((await healthOf(db, device, 'month')).length <= 31 * 24 + 1)
      const days = await healthOf(db, device, 'years')
      assert.ok(days.length >= 33 && days.length <= 46, `${days.length}`)
    }))
})

function keep(db: Db, device: string, seconds: number, points: HealthPoints): Promise<void> {
  return keepHealth(db, { device, points, now: new Date(start + seconds * 1000).toISOString() })
}
