import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toTimestamp } from '@steadfleet/domain'
import { noteShares } from './acts/shares.ts'
import type { Db } from './store/schema.ts'
import { shareHistory, sharesOf } from './store/share-store.ts'
import { inFleet, noon } from './testing/test-rollout.ts'

const name = 'acme/greenhouse'

test('how much of a fleet runs what its channel points at is counted by what devices said', () =>
  inFleet(4, async ({ db, devices }) => {
    await follow(db, devices)
    assert.deepEqual(await sharesOf(db, 'home'), [
      { package: name, channel: 'latest/stable', revision: 2, devices: 4, fresh: 1 },
    ])
  }))

test('how it was stays by the hour, then by the day, then by 30 days, as each ended', () =>
  inFleet(4, async ({ db, devices }) => {
    await follow(db, devices)
    const from = Date.parse(noon)
    for (let hour = 0; hour < 24 * 500; hour += 24) {
      await noteShares(db, { now: toTimestamp(new Date(from + hour * 3_600_000)) })
    }
    const runs = { revision: 2 }
    await db
      .updateTable('device_release')
      .set(runs)
      .where('device', '=', devices[1] ?? '')
      .execute()
    await noteShares(db, { now: toTimestamp(new Date(from + 24 * 500 * 3_600_000)) })
    const history = (await shareHistory(db, 'home', 1000)).get(name) ?? []
    assert.ok(history.length < 400, `${history.length}`)
    assert.deepEqual([history[0]?.fresh, history.at(-1)?.fresh], [1, 2])
    const spans = new Set(history.map(({ seconds }) => seconds))
    assert.deepEqual(
      [...spans].sort((a, b) => a - b),
      [3600, 86_400, 2_592_000],
    )
  }))

async function follow(db: Db, devices: readonly string[]): Promise<void> {
  const channel = 'latest/stable'
  await db.insertInto('fleet_package').values({ fleet: 'home', package: name, channel }).execute()
  const points = { package: name, channel, revision: 2, moved_at: noon }
  await db.insertInto('channel').values(points).execute()
  const rows = devices.map((device, i) => ({
    ...{ device, package: name, revision: i === 0 ? 2 : 1, version: '1', tree: 'sha256:0' },
  }))
  await db.insertInto('device_release').values(rows).execute()
}
