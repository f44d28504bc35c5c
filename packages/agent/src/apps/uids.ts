import { join } from 'node:path'
import type { PackageName } from '@steadfleet/domain'
import { AppsError } from './error.ts'
import { readIfThere, writeWhole } from './files.ts'
import { leaseUids, type UidLease } from './uid-lease.ts'

/** Which uid each package of this device has; kept, so that its data stays its own. */
export interface Uids {
  of(packageName: PackageName): Promise<number>
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
  let isWritten = kept?.block === lease.block
  const of = async (packageName: PackageName) => {
    const known = places.get(packageName)
    if (known !== undefined && isWritten) return lease.uidAt(known)
    const place = known ?? takePlace(places, packageName, lease)
    isWritten = true
    await writeWhole(
      path,
      JSON.stringify({ block: lease.block, places: Object.fromEntries(places) }),
    )
    return lease.uidAt(place)
  }
  return { of, release: lease.release }
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
