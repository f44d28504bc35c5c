import { createHash } from 'node:crypto'
import { arch } from 'node:os'
import { join } from 'node:path'
import type { Architecture } from '@steadfleet/domain'
import { pathsOf } from '../disk/paths.ts'
import { type CgroupHome, findCgroupHomes } from './cgroup-homes.ts'
import { leaveCgroupHomes } from './cgroups.ts'
import { moveWall } from './device-wall.ts'
import { AppsError } from './error.ts'
import { findProgram, launcherOf } from './host-programs.ts'
import { findLandlock } from './landlock.ts'
import { type BusTools, findBusTools } from './opened/bus-proxy.ts'
import { DeviceFolders } from './opened/device-folders.ts'
import type { DeviceNode } from './opened/device-nodes.ts'
import { Exchange } from './opened/exchange.ts'
import type { Doors } from './opened/opened.ts'
import { type PowerRequest, PowerRequests } from './opened/power-requests.ts'
import { forgetUids, userRecords } from './opened/user-records.ts'
import type { Floor } from './sandboxes.ts'
import { blockOf, leaseTable } from './uid-lease.ts'
import { openUids, type Uids } from './uids.ts'

const architectures: Readonly<Record<string, Architecture>> = { x64: 'amd64', arm64: 'arm64' }

/** What may be left out of a floor, so that the ways without it can be tried. */
export interface FloorOptions {
  readonly stateDir: string
  readonly isRoot: boolean
  readonly withCgroups: boolean
  readonly warn: (message: string) => void
  /** Where the device tells of its hardware; /sys where nothing else is said. */
  readonly sysfs?: string
  readonly bus?: BusTools
  /** Restarts the device or turns it off, for a package that may ask for it. */
  readonly power: (request: PowerRequest, packageName: string) => void
}

/** Finds out what this device has to confine with; refuses one that lacks a part it can't do without. */
export async function findFloor(options: FloorOptions): Promise<Floor> {
  const { stateDir, isRoot, withCgroups } = options
  const architecture = architectures[arch()]
  if (architecture === undefined) throw missing(`a system call table for ${arch()}`)
  const bwrap = findProgram('bwrap')
  if (bwrap === undefined) throw missing('bwrap (package bubblewrap)')
  const launching = isRoot ? 'setpriv' : 'prlimit'
  const program = findProgram(launching)
  if (program === undefined) throw missing(`${launching} (package util-linux)`)
  const env = findProgram('env')
  if (env === undefined) throw missing('env (package coreutils)')
  const prlimit = findProgram('prlimit')
  const uids = isRoot ? openUids(leaseTable, stateDir) : undefined
  const homes = withCgroups ? findCgroupHomes(instanceOf(stateDir)) : []
  return {
    architecture,
    bwrap,
    homes,
    filters: new Map(),
    landlock: await findLandlock(isRoot ? program : undefined),
    launcher: await launcherOf(program, env),
    leases: pathsOf(stateDir).leases,
    ...(uids && { uids }),
    doors: openHouse(options, homes, uids),
    ...(prlimit !== undefined && { prlimit }),
  }
}

/** Gives back what an agent took of the device: its cgroups, its uids. */
export function leaveFloor({ homes, uids, doors }: Floor): void {
  if (uids) forgetUids(userRecords, uid => blockOf(uid) === uids.block)
  doors.devices?.leave()
  leaveCgroupHomes(homes)
  uids?.release()
}

function openHouse(
  { stateDir, warn, power, bus = findBusTools(), sysfs = '/sys' }: FloorOptions,
  homes: readonly CgroupHome[],
  uids: Uids | undefined,
): Doors {
  const home = join('/dev/steadfleet', instanceOf(stateDir))
  const allow = (name: string, nodes: readonly DeviceNode[]) => moveWall(homes, name, nodes)
  const mayMake = uids !== undefined && findProgram('mknod') !== undefined
  return {
    ...(mayMake && { devices: new DeviceFolders(home, sysfs, { warn, allow }) }),
    sysfs,
    exchange: new Exchange(join(stateDir, 'exchange'), async name => uids?.of(name)),
    power: new PowerRequests(join(stateDir, 'apps', '.shutdown'), power),
    bus,
  }
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
