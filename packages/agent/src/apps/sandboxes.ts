import { existsSync, realpathSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import {
  effectOf,
  type Identity,
  type Launcher,
  type SandboxPlan,
  type Shown,
  sharedPlace,
  toSandboxArguments,
  toSandboxEnvironment,
  toSeccompFilter,
} from '@steadfleet/confine'
import type { Architecture, InterfaceRequest } from '@steadfleet/domain'
import { leasePath } from '../disk/paths.ts'
import type { Networks, Way } from '../network/index.ts'
import type { AppSpec } from './apps.ts'
import type { CgroupHome } from './cgroup-homes.ts'
import type { Limits } from './cgroups.ts'
import type { Landlock } from './landlock.ts'
import { attendDoors, type Doors, type Opened, openDoors } from './opened/opened.ts'
import { giveFolders } from './own-folders.ts'
import { rlimitOptions } from './rlimits.ts'
import { entriesOf } from './tree-entries.ts'
import type { Uids } from './uids.ts'
import { isNetworked } from './way.ts'

/** What this device has to confine with. */
export interface Floor {
  readonly architecture: Architecture
  readonly bwrap: string
  /** setpriv where the agent is root, prlimit where it is not. */
  readonly launcher: Launcher
  /** Absent where the agent is no root: then every app is the agent's user, alone in a namespace. */
  readonly uids?: Uids
  readonly homes: readonly CgroupHome[]
  /** Networks of packages; or why there are none, and each app that asks for a network has the device's own. */
  readonly networks?: Networks | string
  /** Filters by what is opened, so that each is compiled once. */
  readonly filters: Map<string, Uint8Array>
  /** Where each package has its folder of leases. */
  readonly leases?: string
  readonly landlock: Landlock
  /** By what interfaces are opened. */
  readonly doors: Doors
  /** The absolute path of prlimit, for limits of each process. */
  readonly prlimit?: string
}

const defaultProcesses = 512
/** Of each process. Few need more, and a file held open is memory of the kernel's. */
const defaultOpenFiles = 4096

/** What an app may use. One that declares nothing is still no danger to the device. */
export function limitsOf({ limits, opened }: AppSpec): Limits {
  const declared = limits?.['memory-mb']
  const cpuPercent = limits?.['cpu-percent']
  const realTimePercent = opened
    .map(request => effectOf(request).realTimePercent ?? 0)
    .find(percent => percent > 0)
  return {
    memoryBytes: declared === undefined ? Math.floor(totalmem() / 2) : declared * 1024 * 1024,
    processes: limits?.processes ?? defaultProcesses,
    openFiles: limits?.['open-files'] ?? defaultOpenFiles,
    ...(cpuPercent !== undefined && { cpuPercent }),
    ...(realTimePercent !== undefined && { realTimePercent }),
  }
}

/** One run of a command in an app's sandbox. */
export interface SandboxRun {
  readonly folder: string
  readonly command: readonly string[]
  /** Into the network of its package; without one it has the device's, or none. */
  readonly way?: Way | undefined
}

/**
 * Makes ready what the sandbox of an app needs (its data is its own, its settings readable, its
 * filter in `folder`) and gives the command that runs `command` in it.
 */
export async function prepareSandbox(
  floor: Floor,
  spec: AppSpec,
  run: SandboxRun,
): Promise<string[]> {
  const identity = await identityOf(floor, spec)
  const uid = identity.kind === 'leased' ? identity.uid : undefined
  const leases = floor.leases && leasePath({ leases: floor.leases }, spec.package)
  await giveFolders(spec, identity, leases)
  await mkdir(run.folder, { recursive: true, mode: 0o700 })
  const doors = await openDoors(floor.doors, { spec, uid, folder: run.folder })
  await writeFile(join(run.folder, 'filter'), filterOf(floor, spec.opened))
  const rlimits = rlimitOptions(floor.homes, limitsOf(spec))
  const plan = {
    ...(await planFor(spec, doors, run.way)),
    identity: uid === undefined ? identity : { kind: 'leased' as const, uid, groups: doors.groups },
    launcher: floor.launcher,
    launcherOptions: uid === undefined ? rlimits : landlockOptions(floor),
    ...(leases && { leases }),
    command: run.command,
  }
  const outside = uid === undefined ? [] : toPrlimit(floor, rlimits)
  const before = [...toEntry(run.way), ...outside, ...doors.prefix]
  return [...before, floor.bwrap, ...toSandboxArguments(plan)]
}

/** What a spec says of its sandbox, whoever runs it. */
async function planFor(
  spec: AppSpec,
  { bound, devices, keptOpen, environment }: Opened,
  way: Way | undefined,
): Promise<Omit<SandboxPlan, 'identity' | 'launcher' | 'launcherOptions' | 'command'>> {
  const shown = shownTo(spec, way)
  return {
    tree: spec.tree,
    entries: await entriesOf(spec.tree, shown),
    data: spec.data,
    shared: (spec.shared ?? []).map(({ name, path }) => ({
      from: path,
      at: `${sharedPlace}/${name}`,
    })),
    settings: spec.settings,
    shown,
    opened: spec.opened,
    bound,
    ...(devices !== undefined && { devices }),
    ...(keptOpen !== undefined && { keptOpen }),
    hostname: spec.package.replace('/', '-'),
    environment: toSandboxEnvironment({
      package: spec.package,
      app: spec.app,
      revision: spec.revision,
      declared: { ...environment, ...spec.declaration.environment },
    }),
    filter: 3,
  }
}

function toEntry(way: Way | undefined): string[] {
  return way === undefined ? [] : [way.nsenter, `--net=${way.namespace}`, '--']
}

/** Goes on with what the interfaces of an app need of the agent, which runs since before this agent. */
export async function reopenDoors(floor: Floor, spec: AppSpec): Promise<void> {
  const uid = await floor.uids?.of(spec.package)
  await attendDoors(floor.doors, spec, uid)
}

function landlockOptions({ landlock }: Floor): readonly string[] {
  return 'options' in landlock ? landlock.options : []
}

function filterOf(
  { architecture, filters }: Floor,
  opened: readonly InterfaceRequest[],
): Uint8Array {
  const key = JSON.stringify(opened)
  const filter = filters.get(key) ?? toSeccompFilter(architecture, opened)
  filters.set(key, filter)
  return filter
}

async function identityOf({ uids }: Floor, spec: AppSpec): Promise<Identity> {
  if (uids === undefined) return { kind: 'mapped' }
  return { kind: 'leased', uid: await uids.of(spec.package) }
}

function toPrlimit({ prlimit }: Floor, options: readonly string[]): string[] {
  return prlimit === undefined ? [] : [prlimit, ...options]
}

/** An app on the device's network finds names as the device does; one on its own asks the agent. */
function shownTo(spec: AppSpec, way: Way | undefined): Shown[] {
  if (way) return Object.entries(way.files).map(([at, from]) => ({ from, at }))
  if (!isNetworked(spec)) return []
  return ['/etc/hosts', '/etc/resolv.conf']
    .filter(path => existsSync(path))
    .map(path => ({ from: realpathSync(path), at: path }))
}
