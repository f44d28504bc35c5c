import { waitingRequests } from '@steadfleet/confine'
import type { DeviceId, InterfaceRequest } from '@steadfleet/domain'
import { ceilingOf, saidInFleet, situationFor } from '../store/grant-store.ts'
import { releasesAt } from '../store/release-store.ts'
import type { RolloutRow } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'

/** Devices that a rollout may not move yet, and what they wait for. */
export interface Held {
  readonly devices: ReadonlySet<DeviceId>
  readonly requests: readonly InterfaceRequest[]
}

/** Nobody waits for anything. */
export const nobodyHeld: Held = { devices: new Set(), requests: [] }

/**
 * Of the devices whose turn it is, those on which the new revision asks for more than the one they have, and
 * nobody has said yes or no to it. docs/decisions/0038
 */
export async function heldBack(
  db: Db,
  rollout: Pick<RolloutRow, 'fleet' | 'package' | 'revision'>,
  devices: readonly DeviceId[],
): Promise<Held> {
  const next = await requestsByArchitecture(db, rollout.package, rollout.revision)
  if (devices.length === 0 || next.values().every(requests => requests.length === 0))
    return nobodyHeld
  const said = await saidInFleet(db, rollout.fleet, await ceilingOf(db))
  const rows = await rowsOf(db, rollout.package, devices)
  const earlier = await earlierRequests(db, rollout.package, rows)
  const waits = rows.map(({ id, architecture, revision }) => {
    const before = revision === null ? undefined : (earlier.get(revision)?.get(architecture) ?? [])
    const situation = situationFor(rollout.package, id, said)
    return { id, requests: waitingRequests(before, next.get(architecture) ?? [], situation) }
  })
  const held = waits.filter(({ requests }) => requests.length > 0)
  const all = held.flatMap(({ requests }) => requests.map(one => [one.interface, one] as const))
  return {
    devices: new Set(held.map(({ id }) => id as DeviceId)),
    requests: [...new Map(all).values()],
  }
}

/** What each revision that the devices have asked for. */
async function earlierRequests(
  db: Db,
  name: string,
  rows: readonly Row[],
): Promise<Map<number, Awaited<ReturnType<typeof requestsByArchitecture>>>> {
  const revisions = new Set(rows.flatMap(({ revision }) => (revision === null ? [] : [revision])))
  const earlier = new Map()
  for (const revision of revisions) {
    earlier.set(revision, await requestsByArchitecture(db, name, revision))
  }
  return earlier
}

async function requestsByArchitecture(
  db: Db,
  name: string,
  revision: number,
): Promise<Map<string, readonly InterfaceRequest[]>> {
  const releases = await releasesAt(db, name, revision)
  return new Map(
    releases.map(({ record }) => [record.architecture, record.behaviour.interfaces ?? []]),
  )
}

interface Row {
  readonly id: string
  readonly architecture: string
  readonly revision: number | null
}

async function rowsOf(db: Db, name: string, devices: readonly string[]): Promise<Row[]> {
  const rows: Row[] = []
  for (let i = 0; i < devices.length; i += 500) {
    const found = await db
      .selectFrom('device')
      .leftJoin('device_package', join =>
        join
          .onRef('device_package.device', '=', 'device.id')
          .on('device_package.package', '=', name),
      )
      .select(['device.id', 'device.architecture', 'device_package.revision'])
      .where('device.id', 'in', devices.slice(i, i + 500))
      .execute()
    rows.push(...found)
  }
  return rows
}
