import { join } from 'node:path'
import { toUtf8 } from '@steadfleet/base'
import type { PackageName } from '@steadfleet/domain'
import { writeDurably } from '../disk/durable.ts'
import { AppsError } from './error.ts'
import { readIfThere } from './files.ts'
import { leaseUids, type UidLease } from './uid-lease.ts'

/** Which uid each package of this device has; kept, so that its data stays its own. */
export interface Uids {
  of(packageName: PackageName): Promise<number>
  readonly block: number
  release(): void
}

interface Kept {
  readonly block: number
  readonly places: Readonly<Record<string, number>>
}

/** Leases the block that the state directory had before, where it can, and reads who has which. */
export function openUids(table: string, stateDir: string): Uids {
  const path = join(stateDir, 'apps', 'uids.json')
  const text = readIfThere(path)
  const kept: Kept | undefined = text === undefined ? undefined : JSON.parse(text)
  const lease = leaseUids(table, stateDir, kept?.block)
  const places = new Map(Object.entries(kept?.places ?? {}))
  const written = new Set(kept?.block === lease.block ? places.keys() : [])
  let last: Promise<unknown> = Promise.resolve()
  // Nothing runs under a uid before a cut of power can no longer take it away from its package, and
  // packages that start side by side write one after the other.
  const of = async (packageName: PackageName) => {
    const place = places.get(packageName) ?? takePlace(places, packageName, lease)
    if (written.has(packageName)) return lease.uidAt(place)
    const turn = last.then(() => writeDurably(path, bytesOf(lease.block, places), 0o600))
    last = turn.catch(() => undefined)
    await turn
    written.add(packageName)
    return lease.uidAt(place)
  }
  return { of, block: lease.block, release: lease.release }
}

function bytesOf(block: number, places: ReadonlyMap<string, number>): Uint8Array {
  return toUtf8(JSON.stringify({ block, places: Object.fromEntries(places) } satisfies Kept))
}

function takePlace(places: Map<string, number>, packageName: string, lease: UidLease): number {
  const taken = new Set(places.values())
  for (let place = 0; place < lease.size; place += 1) {
    if (taken.has(place)) continue
    places.set(packageName, place)
    return place
  }
  const message = `cannot give ${packageName} a uid: all ${lease.size} of the lease are taken`
  throw new AppsError('apps/no-uid', message, { package: packageName })
}
