import { createHash } from 'node:crypto'
import { arch } from 'node:os'
import type { Architecture } from '@steadfleet/domain'
import { pathsOf } from '../disk/paths.ts'
import { findCgroupHomes } from './cgroup-homes.ts'
import { leaveCgroupHomes } from './cgroups.ts'
import { AppsError } from './error.ts'
import { findProgram, launcherFor } from './host-programs.ts'
import type { Floor } from './sandboxes.ts'
import { leaseTable } from './uid-lease.ts'
import { openUids } from './uids.ts'

const architectures: Readonly<Record<string, Architecture>> = { x64: 'amd64', arm64: 'arm64' }

/** What may be left out of a floor, so that the ways without it can be tried. */
export interface FloorOptions {
  readonly stateDir: string
  readonly isRoot: boolean
  readonly withCgroups: boolean
}

/** Finds out what this device has to confine with; refuses one that lacks a part it can't do without. */
export async function findFloor({ stateDir, isRoot, withCgroups }: FloorOptions): Promise<Floor> {
  const architecture = architectures[arch()]
  if (architecture === undefined) throw missing(`a system call table for ${arch()}`)
  const bwrap = findProgram('bwrap')
  if (bwrap === undefined) throw missing('bwrap (package bubblewrap)')
  const launching = isRoot ? 'setpriv' : 'prlimit'
  const program = findProgram(launching)
  if (program === undefined) throw missing(`${launching} (package util-linux)`)
  const prlimit = findProgram('prlimit')
  const homes = withCgroups ? findCgroupHomes(instanceOf(stateDir)) : []
  return {
    architecture,
    bwrap,
    homes,
    filters: new Map(),
    launcher: await launcherFor(program),
    leases: pathsOf(stateDir).leases,
    ...(isRoot && { uids: openUids(leaseTable, stateDir) }),
    ...(prlimit !== undefined && { prlimit }),
  }
}

/** Gives back what an agent took of the device: its cgroups, its uids. */
export function leaveFloor({ homes, uids }: Floor): void {
  leaveCgroupHomes(homes)
  uids?.release()
}

/** A name for the agent of a state directory among others on the device. */
function instanceOf(stateDir: string): string {
  return createHash('sha256').update(stateDir).digest('hex').slice(0, 12)
}

function missing(what: string): AppsError {
  return new AppsError('apps/no-sandbox', `cannot confine apps: this device lacks ${what}`, {
    what,
  })
}
