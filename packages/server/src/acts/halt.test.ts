import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import {
  type DeviceEvent,
  type DeviceId,
  type MoveState,
  parseDeviceId,
  type StateReport,
  sumTallies,
} from '@steadfleet/domain'
import { Kysely } from 'kysely'
import { nodeSqlite } from '../store/dialect.ts'
import { migrate } from '../store/migrations.ts'
import { movesOf, rolloutWithId } from '../store/rollout-store.ts'
import type { Database, Db } from '../store/schema.ts'
import { makeRelease } from '../testing/test-release.ts'
import { checkIn } from './check-in.ts'
import { startRollout, steerRollout } from './rollout.ts'
import { raiseSilence } from './silence.ts'

const noon = '2026-11-21T12:00:00Z'
const evening = '2026-11-21T18:00:00Z'
const name = 'acme/greenhouse'

test('a large fleet is moved in doubling waves, and halted by evidence after few devices', () =>
  inFleet(200, async fleet => {
    const rollout = await fleet.start()
    const waves: number[] = []
    for (let wave = 0; wave < 8 && (await fleet.stateOf(rollout)) === 'running'; wave += 1) {
      const ordered = await fleet.in(rollout, 'ordered')
      waves.push(ordered.length)
      // The canary does well; of the others every fourth goes back.
      for (const [i, device] of ordered.entries()) {
        await fleet.say(device, wave > 0 && i % 4 === 0 ? 'restored' : 'committed')
      }
    }
    const { why, findings, tallies } = await rolloutWithId(fleet.db, rollout)
    assert.deepEqual(waves.slice(0, 2), [1, 1])
    assert.match(why, /^\d+ of \d+ devices went back, where 1 % may$/)
    assert.equal(findings[0]?.kind, 'rolled back')
    const { waiting, recalled, ordered } = sumTallies(tallies)
    assert.ok(waiting > 150)
    assert.equal(ordered, 0)
    assert.deepEqual(await fleet.revisionsOf('recalled'), Array(recalled).fill(1))
  }))

test('who resumes has accepted what was seen, and the same again halts anew', () =>
  inFleet(200, async fleet => {
    const rollout = await fleet.start()
    const halt = async (): Promise<void> => {
      for (let i = 0; i < 200 && (await fleet.stateOf(rollout)) === 'running'; i += 1) {
        const [device] = await fleet.in(rollout, 'ordered')
        assert.ok(device)
        const isFirst = (await fleet.in(rollout, 'done')).length === 0
        await fleet.say(device, isFirst ? 'committed' : 'restored')
      }
    }
    await halt()
    assert.equal(await fleet.stateOf(rollout), 'halted')
    const failedAt = (await fleet.in(rollout, 'rolled back')).length
    await steerRollout(fleet.db, { rollout, event: 'resume', by: 'ada', now: noon })
    assert.equal(await fleet.stateOf(rollout), 'running')
    await halt()
    assert.equal(await fleet.stateOf(rollout), 'halted')
    assert.ok((await fleet.in(rollout, 'rolled back')).length > failedAt)
  }))

test('a device that was away when its turn came holds nobody up, and is heard when it is back', () =>
  inFleet(120, async fleet => {
    const gone = fleet.devices.slice(50, 60)
    await fleet.hear(fleet.devices.filter(device => !gone.includes(device)))
    await raiseSilence(fleet.db, { fleet: 'home', before: noon, now: evening })
    const rollout = await fleet.start(evening)
    for (let i = 0; i < 120 && (await fleet.stateOf(rollout)) === 'running'; i += 1) {
      for (const device of await fleet.in(rollout, 'ordered')) await fleet.say(device, 'committed')
    }
    const { state, why } = await rolloutWithId(fleet.db, rollout)
    assert.deepEqual([state, why], ['done', 'every device has spoken but 10 not heard of'])
    assert.deepEqual(await fleet.in(rollout, 'away'), gone)
    const [back] = gone as [DeviceId]
    await fleet.say(back, 'committed')
    assert.equal((await fleet.in(rollout, 'away')).length, 9)
    assert.equal((await fleet.in(rollout, 'done')).length, 111)
  }))

test('silence after an order is evidence, and a crash after success is too', () =>
  inFleet(120, async fleet => {
    const rollout = await fleet.start()
    for (let i = 0; i < 5; i += 1) {
      for (const device of await fleet.in(rollout, 'ordered')) await fleet.say(device, 'committed')
    }
    const done = await fleet.in(rollout, 'done')
    for (const device of done.slice(0, 3)) await fleet.say(device, 'committed', 'crash')
    const ordered = await fleet.in(rollout, 'ordered')
    await fleet.hear(fleet.devices.filter(device => !ordered.includes(device)))
    await raiseSilence(fleet.db, { fleet: 'home', before: noon, now: evening })
    const { findings, state } = await rolloutWithId(fleet.db, rollout)
    const seen = new Map(findings.map(finding => [finding.kind, finding.seen]))
    assert.equal(seen.get('crashed'), 3)
    assert.ok((seen.get('silent') ?? 0) > 5)
    assert.equal(state, 'halted')
  }))

test('a cancelled rollout calls back who has not spoken; who took it all the same is not counted', () =>
  inFleet(120, async fleet => {
    const rollout = await fleet.start()
    const [canary] = (await fleet.in(rollout, 'ordered')) as [DeviceId]
    await fleet.say(canary, 'committed')
    const [second] = (await fleet.in(rollout, 'ordered')) as [DeviceId]
    await steerRollout(fleet.db, { rollout, event: 'cancel', by: 'ada', now: noon })
    assert.deepEqual(await fleet.in(rollout, 'recalled'), [second])
    assert.deepEqual(await fleet.revisionsOf('recalled'), [1])
    assert.deepEqual(await fleet.revisionsOf('done'), [2])
    await fleet.say(second, 'committed')
    assert.deepEqual(await fleet.in(rollout, 'recalled'), [second])
  }))

test('a halt calls back the silent too; what a recalled device says of a failure is heard, and resuming puts the rest back in turn', () =>
  inFleet(120, async fleet => {
    const rollout = await fleet.start()
    for (let i = 0; i < 2; i += 1) {
      for (const device of await fleet.in(rollout, 'ordered')) await fleet.say(device, 'committed')
    }
    const ordered = await fleet.in(rollout, 'ordered')
    const [mute, broken] = ordered.slice(-2) as [DeviceId, DeviceId]
    await fleet.hear(fleet.devices.filter(device => device !== mute))
    await raiseSilence(fleet.db, { fleet: 'home', before: noon, now: evening })
    const failing = ordered.slice(0, -2)
    for (const device of failing) {
      if ((await fleet.stateOf(rollout)) === 'running') await fleet.say(device, 'restored')
    }
    assert.equal(await fleet.stateOf(rollout), 'halted')
    assert.deepEqual(await fleet.in(rollout, 'silent'), [mute])
    assert.ok((await fleet.in(rollout, 'recalled')).includes(broken))
    for (const state of ['silent', 'recalled'] as const) {
      assert.ok((await fleet.revisionsOf(state)).every(revision => revision === 1))
    }
    await fleet.say(broken, 'restored', 'probation')
    assert.ok((await fleet.in(rollout, 'rolled back')).includes(broken))
    await steerRollout(fleet.db, { rollout, event: 'resume', by: 'ada', now: noon })
    assert.deepEqual(await fleet.in(rollout, 'recalled'), [])
    assert.equal(await fleet.stateOf(rollout), 'running')
  }))

interface Fleet {
  readonly db: Db
  readonly devices: readonly DeviceId[]
  start(now?: string): Promise<number>
  stateOf(rollout: number): Promise<string>
  in(rollout: number, state: MoveState): Promise<DeviceId[]>
  /** What the devices in a state are ordered to run. */
  revisionsOf(state: MoveState): Promise<number[]>
  /** Notes that these were heard of in the evening. */
  hear(devices: readonly DeviceId[]): Promise<void>
  say(
    device: DeviceId,
    state: 'committed' | 'restored',
    failure?: 'crash' | 'probation',
  ): Promise<void>
}

/** A database with a fleet that follows two revisions, of which the first runs everywhere. */
async function inFleet(size: number, deed: (fleet: Fleet) => Promise<void>): Promise<void> {
  const database = new DatabaseSync(':memory:')
  migrate(database)
  const db = new Kysely<Database>({ dialect: nodeSqlite(database) })
  const { record } = await makeRelease({ package: name, revision: 2 })
  await db
    .insertInto('fleet')
    .values({ owner: 'own_0123456789abcdefghij', name: 'home', model: 'acme/box/1/all' })
    .execute()
  await db
    .insertInto('release')
    .values({
      ...{ package: name, revision: 2, architecture: 'amd64', published_at: noon },
      ...{ record: JSON.stringify(record), record_digest: 'sha256:0', record_length: 1 },
    })
    .execute()
  const devices = Array.from({ length: size }, (_, i) =>
    parseDeviceId(`dev_${String(i).padStart(20, 'a')}`),
  )
  for (const id of devices) {
    const facts = {
      fleet: 'home',
      model: '',
      architecture: 'amd64',
      enrolled_at: '2026-11-01T00:00:00Z',
    }
    await db
      .insertInto('device')
      .values({ id, name: id, public_key: id, ...facts })
      .execute()
    await db
      .insertInto('device_package')
      .values({ device: id, package: name, revision: 1 })
      .execute()
  }
  const installed = { package: name, revision: 2, version: '2', tree: record.tree.digest }
  let sequence = 0
  try {
    await deed({
      db,
      devices,
      start: (now = noon) =>
        startRollout(db, {
          fleet: 'home',
          package: name,
          revision: 2,
          channel: 'latest/stable',
          now,
        }),
      stateOf: async rollout => (await rolloutWithId(db, rollout)).state,
      in: async (rollout, state) => {
        const moves = await movesOf(db, rollout, { limit: size })
        const { tallies } = await rolloutWithId(db, rollout)
        const found = moves.filter(move => move.state === state).map(({ device }) => device)
        assert.equal(sumTallies(tallies)[state], found.length)
        return found
      },
      revisionsOf: async state => {
        const rows = await db
          .selectFrom('move')
          .innerJoin('device_package', 'device_package.device', 'move.device')
          .select('revision')
          .where('state', '=', state)
          .execute()
        return rows.map(({ revision }) => revision)
      },
      hear: async heard => {
        await db.updateTable('device').set({ seen_at: evening }).where('id', 'in', heard).execute()
      },
      say: async (device, state, failure) => {
        sequence += 1
        const report = {
          ...{ type: 'report', format: 1, device, sequence, at: noon, counter: 1, generation: 1 },
          ...{
            state,
            releases: state === 'committed' ? [installed] : [],
            apps: [],
            attributes: {},
          },
        } as unknown as StateReport
        const event = {
          ...{ sequence, at: noon, kind: 'failure', message: 'it broke' },
          failure: { kind: failure, package: name, revision: 2, reason: 'it broke', log: [] },
        } as unknown as DeviceEvent
        const events = failure ? [event] : []
        const said = { device, report, envelope: '{}', events, now: noon, renewBefore: noon }
        await checkIn(db, said)
      },
    })
  } finally {
    await db.destroy()
  }
}
