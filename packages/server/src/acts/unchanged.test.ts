import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '@steadfleet/domain'
import type { Db } from '../store/schema.ts'
import { evening, type Fleet, inFleet, noon } from '../testing/test-rollout.ts'
import { checkIn } from './check-in.ts'
import { raiseSilence } from './silence.ts'
import { checkInUnchanged } from './unchanged.ts'

type Prepare = (fleet: Fleet, device: DeviceId) => Promise<unknown>

// What is so of the device; whether one statement is enough for it to say that nothing has changed.
const rows: [what: string, isQuick: boolean, prepare: Prepare][] = [
  ['has said what it runs', true, async () => undefined],
  ['has done its part of a rollout', true, moved('done')],
  ['has taken its order', true, async ({ db }, device) => putOrder(db, device, 0, 1)],
  ['waits for an order', false, async ({ db }, device) => putOrder(db, device, 1, 0)],
  ['was given an order it has not taken', false, ({ db }, device) => putOrder(db, device, 1, 1)],
  ['holds an order of a time that is lost', false, ({ db }, device) => putOrder(db, device, 0, 0)],
  ['is awaited by a rollout', false, moved('ordered')],
  ['was called back', false, moved('recalled')],
  [
    'was silent',
    false,
    ({ db }) => raiseSilence(db, { fleet: 'home', before: evening, now: noon }),
  ],
  [
    'has a report that no envelope proves',
    false,
    ({ db }) => db.updateTable('device').set({ report_envelope: null }).execute(),
  ],
]

for (const [what, isQuick, prepare] of rows) {
  test(`a device that ${what} ${isQuick ? 'is noted by one statement' : 'is looked at in full'}`, () =>
    inFleet(1, async fleet => {
      const [device] = fleet.devices as [DeviceId]
      await fleet.say(device, 'committed')
      await prepare(fleet, device)
      const unchanged = await sequenceOf(fleet.db, device)
      const times = { now: evening, renewBefore: '2026-01-01T00:00:00Z' }
      const said = { device, unchanged, events: [], ...times }
      const quick = await checkInUnchanged(fleet.db, said)
      assert.equal(quick !== undefined, isQuick)
      if (!quick) return
      // What is skipped changes nothing: the whole way says the same.
      const { report, report_envelope: envelope } = await rowOf(fleet.db, device)
      const whole = { ...said, report: JSON.parse(report ?? ''), envelope: envelope ?? '' }
      assert.deepEqual(await checkIn(fleet.db, whole), quick)
      assert.equal((await rowOf(fleet.db, device)).seen_at, evening)
    }))
}

test('another number than that of the report held is refused, and says which is held', () =>
  inFleet(1, async fleet => {
    const [device] = fleet.devices as [DeviceId]
    await fleet.say(device, 'committed')
    const held = await sequenceOf(fleet.db, device)
    const said = { device, unchanged: held + 1, events: [], now: evening, renewBefore: noon }
    await assert.rejects(checkIn(fleet.db, said), {
      code: 'device/wrong-report',
      details: { held },
    })
  }))

/** A rollout in which the device's move is in this state. */
function moved(state: 'done' | 'ordered' | 'recalled'): Prepare {
  return async ({ db, start }, device) => {
    const rollout = await start()
    await db
      .updateTable('move')
      .set({ state })
      .where('rollout', '=', rollout)
      .where('device', '=', device)
      .execute()
  }
}

/** An order whose counter is so much above the one that the device has told. */
async function putOrder(db: Db, device: DeviceId, above: number, given: number): Promise<void> {
  const { counter } = await rowOf(db, device)
  const order = { device, counter: counter + above, content: 'x', envelope: '{}', given }
  await db
    .insertInto('device_order')
    .values({ ...order, issued_at: noon })
    .onConflict(conflict => conflict.column('device').doUpdateSet({ ...order, issued_at: noon }))
    .execute()
}

function rowOf(db: Db, device: DeviceId) {
  return db.selectFrom('device').selectAll().where('id', '=', device).executeTakeFirstOrThrow()
}

async function sequenceOf(db: Db, device: DeviceId): Promise<number> {
  return (await rowOf(db, device)).report_sequence
}
