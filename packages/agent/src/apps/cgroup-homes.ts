import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readIfThere } from './files.ts'

export type Controller = 'memory' | 'pids' | 'cpu' | 'devices'

/** A folder of one cgroup hierarchy in which the agent makes cgroups, and what that one can do. */
export interface CgroupHome {
  readonly folder: string
  readonly version: 1 | 2
  readonly controllers: readonly Controller[]
  /** It can end (version 2) or freeze (version 1) all that is in a cgroup. */
  readonly isForKilling: boolean
}

/** Version 2 has no controller of devices: there a program in the kernel (bpf) would say what may be opened. */
const limiting: readonly Controller[] = ['memory', 'pids', 'cpu', 'devices']

/**
 * The hierarchies in which this process may make cgroups. In version 1 below its own cgroup, so
 * that the limits above it keep counting; in version 2, where a cgroup that holds processes can't
 * hand controllers down, below the nearest one that can.
 */
export function findCgroupHomes(instance: string): CgroupHome[] {
  const own = ownCgroups(readFileSync('/proc/self/cgroup', 'utf8'))
  const mounts = cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'))
  return mounts.flatMap(mount => {
    const path = own.get(mount.version === 2 ? '' : (mount.names[0] ?? ''))
    if (path === undefined) return []
    const below = join('steadfleet', instance)
    const home = mount.version === 2 ? homeOfV2(mount, path, below) : homeOfV1(mount, path, below)
    return home && isMade(home.folder) ? [home] : []
  })
}

interface CgroupMount {
  readonly at: string
  readonly root: string
  readonly version: 1 | 2
  readonly names: readonly string[]
}

/** Lines of /proc/PID/cgroup, as controller → path; the unified hierarchy is the empty name. */
export function ownCgroups(text: string): Map<string, string> {
  const lines = text
    .trim()
    .split('\n')
    .map(line => line.split(':'))
  return new Map(
    lines.flatMap(([, names = '', ...path]) =>
      names.split(',').map(name => [name, path.join(':')] as const),
    ),
  )
}

/** Lines of /proc/PID/mountinfo that are cgroup hierarchies. proc(5) */
export function cgroupMounts(text: string): CgroupMount[] {
  return text.split('\n').flatMap((line): CgroupMount[] => {
    const [fields = '', rest = ''] = line.split(' - ')
    const [, , , root = '', at = ''] = fields.split(' ')
    const [type, , options = ''] = rest.split(' ')
    if (type === 'cgroup2') return [{ at, root, version: 2, names: [] }]
    if (type !== 'cgroup') return []
    return [{ at, root, version: 1 as const, names: namesIn(options) }]
  })
}

/** Among a version 1 mount's options are the names of its controllers. */
function namesIn(options: string): string[] {
  const known: readonly string[] = [...limiting, 'freezer']
  return options.split(',').filter(name => known.includes(name))
}

/** A path of /proc/self/cgroup as a folder; a mount may show only a part of the hierarchy. */
function folderOf({ at, root }: CgroupMount, path: string): string {
  const isBelow = root !== '/' && path.startsWith(root)
  return join(at, isBelow ? path.slice(root.length) : path)
}

function homeOfV1(mount: CgroupMount, path: string, below: string): CgroupHome | undefined {
  const controllers = limiting.filter(name => mount.names.includes(name))
  const isForKilling = mount.names.includes('freezer')
  if (controllers.length === 0 && !isForKilling) return undefined
  return { folder: join(folderOf(mount, path), below), version: 1, controllers, isForKilling }
}

function homeOfV2(mount: CgroupMount, path: string, below: string): CgroupHome {
  const own = folderOf(mount, path)
  const offered = namesOffered(mount.at)
  const nearest =
    offered.length > 0
      ? ancestors(own, mount.at).find(folder => handsDown(folder, below, offered))
      : undefined
  const controllers = nearest === undefined ? [] : offered
  return { folder: join(nearest ?? own, below), version: 2, controllers, isForKilling: true }
}

function namesOffered(root: string): Controller[] {
  const names = (readIfThere(join(root, 'cgroup.controllers')) ?? '').trim().split(' ')
  return limiting.filter(name => names.includes(name))
}

function ancestors(folder: string, top: string): string[] {
  return folder.length <= top.length ? [top] : [folder, ...ancestors(dirname(folder), top)]
}

/** Whether the cgroups in `folder/below` get these controllers; asks the kernel by doing it. */
function handsDown(folder: string, below: string, controllers: readonly Controller[]): boolean {
  const levels = below.split('/').map((_, i, names) => join(folder, ...names.slice(0, i + 1)))
  if (!levels.every(isMade)) return false
  const wanted = controllers.map(name => `+${name}`).join(' ')
  const hands = (at: string) => canWrite(join(at, 'cgroup.subtree_control'), wanted)
  if ([folder, ...levels].every(hands)) return true
  for (const level of levels.reverse()) canRemove(level)
  return false
}

function isMade(folder: string): boolean {
  return isDone(() => mkdirSync(folder, { recursive: true }))
}

function canWrite(path: string, text: string): boolean {
  return isDone(() => writeFileSync(path, text))
}

function canRemove(folder: string): boolean {
  return isDone(() => rmdirSync(folder))
}

const refusals = [
  'EACCES',
  'EBUSY',
  'EINVAL',
  'ENOENT',
  'ENOTEMPTY',
  'EOPNOTSUPP',
  'EPERM',
  'EROFS',
]

/** The kernel's no is an answer here (false); any other fault is raised. */
function isDone(act: () => unknown): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && refusals.includes(String(error.code))) {
      return false
    }
    throw error
  }
}
