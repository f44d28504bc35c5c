import assert from 'node:assert/strict'
import {
  type DeviceEvent,
  type DeviceId,
  type MoveState,
  parseDeviceId,
  type ReleaseRecord,
  type StateReport,
  sumTallies,
} from '@steadfleet/domain'
import { checkIn } from '../acts/check-in.ts'
import { type NewRollout, startRollout } from '../acts/rollout.ts'
import { movesOf, rolloutWithId } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { openMigrated } from './test-database.ts'
import { makeRelease, type ReleaseChoices } from './test-release.ts'

export const noon = '2026-11-21T12:00:00Z'
export const evening = '2026-11-21T18:00:00Z'
const name = 'acme/greenhouse'

/** A fleet whose devices say what a test lets them say, through the acts of the server alone. */
export interface Fleet {
  readonly db: Db
  readonly devices: readonly DeviceId[]
  /** Starts a rollout of the second revision, at noon where nothing else is said. */
  start(more?: Partial<NewRollout>): Promise<number>
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
export async function inFleet(
  size: number,
  deed: (fleet: Fleet) => Promise<void>,
  release: Omit<ReleaseChoices, 'package' | 'revision'> = {},
): Promise<void> {
  await using database = await openMigrated()
  const { db } = database
  const { record } = await makeRelease({ package: name, revision: 2, ...release })
  await putRelease(db, record)
  const devices = await putDevices(db, size)
  await deed(fleetIn(db, devices, record.tree.digest))
}

async function putRelease(db: Db, record: ReleaseRecord): Promise<void> {
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
}

async function putDevices(db: Db, size: number): Promise<DeviceId[]> {
  const devices = Array.from({ length: size }, (_, i) =>
    parseDeviceId(`dev_${String(i).padStart(20, 'a')}`),
  )
  const facts = { model: '', architecture: 'amd64', enrolled_at: '2026-11-01T00:00:00Z' }
  for (const id of devices) {
    const device = { id, name: id, public_key: id, fleet: 'home', ...facts }
    await db.insertInto('device').values(device).execute()
    const runs = { device: id, package: name, revision: 1 }
    await db.insertInto('device_package').values(runs).execute()
  }
  return devices
}

function fleetIn(db: Db, devices: readonly DeviceId[], tree: string): Fleet {
  const start = {
    ...{ fleet: 'home', package: name, revision: 2, channel: 'latest/stable' },
    ...{ by: 'ada', now: noon },
  }
  let sequence = 0
  return {
    db,
    devices,
    start: more => startRollout(db, { ...start, ...more }),
    stateOf: async rollout => (await rolloutWithId(db, rollout)).state,
    in: (rollout, state) => devicesIn(db, rollout, state),
    revisionsOf: state => revisionsOf(db, state),
    hear: async heard => {
      await db.updateTable('device').set({ seen_at: evening }).where('id', 'in', heard).execute()
    },
    say: async (device, state, failure) => {
      sequence += 1
      const installed = { package: name, revision: 2, version: '2', tree }
      const releases = state === 'committed' ? [installed] : []
      const report = {
        ...{ type: 'report', format: 1, device, sequence, at: noon, counter: 1, generation: 1 },
        ...{ state, releases, apps: [], attributes: {} },
      } as unknown as StateReport
      const events = failure ? [failureEvent(sequence, failure)] : []
      const said = { device, report, envelope: '{}', events, now: noon, renewBefore: noon }
      await checkIn(db, said)
    },
  }
}

/** Who is in a state, as the moves say and the tallies too. */
async function devicesIn(db: Db, rollout: number, state: MoveState): Promise<DeviceId[]> {
  const moves = await movesOf(db, rollout, { state, limit: 1000 })
  const { tallies } = await rolloutWithId(db, rollout)
  assert.equal(sumTallies(tallies)[state], moves.length)
  return moves.map(({ device }) => device)
}

async function revisionsOf(db: Db, state: MoveState): Promise<number[]> {
  const rows = await db
    .selectFrom('move')
    .innerJoin('device_package', 'device_package.device', 'move.device')
    .select('revision')
    .where('state', '=', state)
    .execute()
  return rows.map(({ revision }) => revision)
}

function failureEvent(sequence: number, kind: 'crash' | 'probation'): DeviceEvent {
  return {
    ...{ sequence, at: noon, kind: 'failure', message: 'it broke' },
    failure: { kind, package: name, revision: 2, reason: 'it broke', log: [] },
  } as unknown as DeviceEvent
}
