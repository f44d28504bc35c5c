import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { putGroup } from '@steadfleet/protocol'
import { orderIn, type TestDevice } from './test-device.ts'
import { fleet, moveStable, type TestFleet } from './test-fleet.ts'
import type { TestRelease } from './test-release.ts'

/** What the server said that it had taken in. */
export interface Acknowledged {
  readonly devices: Map<string, Written>
  /** Queries of groups by name, each as it was last taken in or sent. */
  readonly groups: Map<string, { taken: string; sent: string }>
  /** Groups whose writing was answered. */
  writes: number
  /** The newest revision whose move was answered. */
  moves: number
}

interface Written {
  readonly device: TestDevice
  /** The last event that was acknowledged, and the last one that was sent. */
  acknowledged: number
  sent: number
  isBusy: boolean
}

/** So many at a time: what they send arrives in groups. */
const writers = 8

/** Writes until so many writes were answered: devices that join, report and move, groups, and channels. */
export async function writeMixed(
  it: TestFleet,
  releases: readonly TestRelease[],
  count: number,
): Promise<Acknowledged> {
  const told: Acknowledged = { devices: new Map(), groups: new Map(), writes: 0, moves: 0 }
  const acts = [join, report, report, report, report, group, group, move] as const
  let turn = 0
  const writer = async (): Promise<void> => {
    while (told.writes < count) {
      turn += 1
      const act = acts[turn % acts.length] ?? report
      try {
        if (await act(it, told, { turn, releases })) told.writes += 1
      } catch {
        // The server, or its database, was killed: whether it was taken in, nobody knows.
        await wait(50)
      }
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
  return told
}

interface Turn {
  readonly turn: number
  readonly releases: readonly TestRelease[]
}

async function join(it: TestFleet, told: Acknowledged, { turn }: Turn): Promise<boolean> {
  if (told.devices.size >= 40) return false
  const device = await it.join({ name: `device-${turn}`, seed: randomBytes(32) })
  told.devices.set(device.id, { device, acknowledged: 0, sent: 0, isBusy: false })
  return true
}

/** A device says what happened since it was last heard, and does as it is ordered. */
async function report(
  _: TestFleet,
  told: Acknowledged,
  { turn, releases }: Turn,
): Promise<boolean> {
  const free = [...told.devices.values()].filter(({ isBusy }) => !isBusy)
  const written = free[turn % free.length]
  if (!written) return false
  written.isBusy = true
  try {
    await say(written, releases)
    return true
  } finally {
    written.isBusy = false
  }
}

async function say(written: Written, releases: readonly TestRelease[]): Promise<void> {
  const { device, acknowledged } = written
  written.sent = Math.max(written.sent, acknowledged + 2)
  const numbers = Array.from(
    { length: written.sent - acknowledged },
    (_, i) => acknowledged + 1 + i,
  )
  const events = numbers.map(sequence => ({
    ...{ sequence, at: '2026-11-21T00:00:00Z', kind: 'agent' as const },
    message: `event ${sequence}`,
  }))
  const reply = await device.checkIn({ events })
  written.acknowledged = reply.acknowledged
  if (reply.order === null) return
  const order = orderIn(reply)
  const installed = order.releases.flatMap(({ revision }) => {
    const record = releases.find(one => one.record.revision === revision)?.record
    if (!record) return []
    const { package: name, version, tree } = record
    return [{ package: name, revision, version, tree: tree.digest }]
  })
  await device.checkIn({ counter: order.counter, state: 'committed', releases: installed })
}

async function group(it: TestFleet, told: Acknowledged, { turn }: Turn): Promise<boolean> {
  const name = `group-${turn % 50}`
  const query = `name.startsWith("device-${turn}")`
  const held = told.groups.get(name) ?? { taken: '', sent: '' }
  // One at a time of each: of two that cross nobody knows which is last.
  if (held.sent !== held.taken) return false
  told.groups.set(name, { ...held, sent: query })
  try {
    await it.operator.call(putGroup, { params: { fleet, group: name as 'group' }, body: { query } })
    told.groups.set(name, { taken: query, sent: query })
    return true
  } catch (fault) {
    // It may have been taken in: from here on this name proves nothing.
    told.groups.delete(name)
    throw fault
  }
}

async function move(it: TestFleet, told: Acknowledged, { releases }: Turn): Promise<boolean> {
  const next = releases.find(({ record }) => record.revision > told.moves)
  // Not before the devices that are to be moved are there.
  if (!next || told.writes < next.record.revision * 60) return false
  await moveStable(it.operator, next.record.revision)
  told.moves = Math.max(told.moves, next.record.revision)
  return true
}

/** Events that the server has of a device. */
export async function eventsOf(it: TestFleet, device: string): Promise<number[]> {
  await using database = await it.database.open()
  const rows = await database.db
    .selectFrom('event')
    .select('sequence')
    .where('device', '=', device)
    .where('kind', '=', 'agent')
    .orderBy('sequence')
    .execute()
  return rows.map(({ sequence }) => sequence)
}
