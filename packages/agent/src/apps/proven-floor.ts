import { join } from 'node:path'
import type { AppsOptions } from './apps.ts'
import { sweepCgroups } from './cgroups.ts'
import { proveFloor } from './describe.ts'
import { AppsError } from './error.ts'
import { findFloor, leaveFloor } from './floor.ts'
import { openNetworks } from './open-networks.ts'
import { refuseLacking } from './requirements.ts'
import { readRecords } from './run-record.ts'
import type { Floor } from './sandboxes.ts'

/** What there is to confine with, proven by one real sandbox, or why no app may be started here. */
export async function provenFloor(options: AppsOptions): Promise<Floor | AppsError> {
  try {
    const isRoot = process.getuid?.() === 0
    const withCgroups = options.withCgroups ?? true
    const floor = await findFloor({
      stateDir: options.stateDir,
      isRoot,
      withCgroups,
      ...(options.sysfs !== undefined && { sysfs: options.sysfs }),
      ...(options.bus && { bus: options.bus }),
      warn: options.warn ?? (() => undefined),
      power: options.power ?? (() => undefined),
    })
    const runs = readRecords(options.stateDir).map(({ cgroup }) => cgroup)
    sweepCgroups(floor.homes, runs)
    const firm = await proven(floor, join(options.stateDir, 'apps', '.probe'))
    const whole = { ...firm, ...(await openNetworks(firm, options)) }
    refuseLacking(whole, options.require ?? [])
    return whole
  } catch (error) {
    if (error instanceof AppsError) return error
    throw error
  }
}

async function proven(floor: Floor, folder: string): Promise<Floor> {
  try {
    await proveFloor(floor, folder)
    return floor
  } catch (error) {
    leaveFloor(floor)
    throw error
  }
}
