import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { effectOf } from '@steadfleet/confine'
import { isSystemError } from '../error.ts'
import type { AppSpec } from './apps.ts'
import type { CgroupHome } from './cgroup-homes.ts'
import type { Cgroup } from './cgroups.ts'
import { readIfThere } from './files.ts'
import { type DeviceNode, nodesOf } from './opened/device-nodes.ts'
import { cgroupName } from './run-record.ts'

/** Terminals that a sandbox makes for itself: the multiplexer, and the ends of Unix98. devices.txt */
const terminals = ['c 5:2 rw', 'c 136:* rw']

/** Has an app's cgroup open the devices of its interfaces and no others. */
export function raiseWall(cgroup: Cgroup, { opened }: AppSpec, sysfs: string): void {
  const patterns = opened.map(effectOf).flatMap(effect => effect.devices ?? [])
  const nodes = [...nodesOf(patterns, sysfs).values()]
  for (const folder of cgroup) keepTo(folder, nodes)
}

/** The same for all cgroups that a package has by now: its devices come and go. */
export function moveWall(
  homes: readonly CgroupHome[],
  packageName: string,
  nodes: readonly DeviceNode[],
): void {
  const prefix = cgroupName(packageName, '')
  for (const { folder, controllers } of homes) {
    if (!controllers.includes('devices')) continue
    const own = readdirSync(folder).filter(name => name.startsWith(prefix))
    for (const name of own) keepTo(join(folder, name), nodes)
  }
}

/**
 * Says to the devices controller of version 1 by number what may be opened; in none is anything made. What stays
 * allowed is never forbidden in between. cgroup-v1/devices.rst
 */
function keepTo(folder: string, nodes: readonly DeviceNode[]): void {
  const list = readIfThere(join(folder, 'devices.list'))
  if (list === undefined) return
  const held = list.trim().split('\n')
  const wanted = [...nodes.map(toRule), ...terminals]
  const isOpen = held.some(line => line.startsWith('a '))
  if (isOpen) writeFileSync(join(folder, 'devices.deny'), 'a')
  else for (const line of held.filter(one => !wanted.includes(one))) say(folder, 'deny', line)
  for (const line of wanted.filter(one => isOpen || !held.includes(one))) say(folder, 'allow', line)
}

function say(folder: string, what: 'allow' | 'deny', line: string): void {
  try {
    writeFileSync(join(folder, `devices.${what}`), line)
  } catch (error) {
    // What is forbidden to the agent itself, as in a container, it cannot allow; what is gone needs no word.
    if (!isSystemError(error, 'EPERM', 'ENOENT')) throw error
  }
}

function toRule({ major, minor, mode }: DeviceNode): string {
  return `c ${major}:${minor} ${(mode & 0o222) === 0 ? 'r' : 'rw'}`
}
