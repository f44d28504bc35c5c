import { existsSync, realpathSync } from 'node:fs'
import {
  chmod,
  chown,
  lchown,
  lstat,
  mkdir,
  readdir,
  readlink,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import {
  type Identity,
  type Launcher,
  type Shown,
  type TreeEntry,
  toSandboxArguments,
  toSandboxEnvironment,
  toSeccompFilter,
} from '@steadfleet/confine'
import type { Architecture, InterfaceRequest } from '@steadfleet/domain'
import { leasePath } from '../disk/paths.ts'
import { isSystemError } from '../error.ts'
import type { Networks, Way } from '../network/index.ts'
import type { AppSpec, SharedFolder } from './apps.ts'
import type { CgroupHome } from './cgroup-homes.ts'
import type { Limits } from './cgroups.ts'
import { rlimitOptions } from './rlimits.ts'
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
  /** The absolute path of prlimit, for limits of each process. */
  readonly prlimit?: string
}

const defaultProcesses = 512
/** Of each process. Few need more, and a file held open is memory of the kernel's. */
const defaultOpenFiles = 4096

/** What an app may use. One that declares nothing is still no danger to the device. */
export function limitsOf(limits: AppSpec['limits']): Limits {
  const declared = limits?.['memory-mb']
  return {
    memoryBytes: declared === undefined ? Math.floor(totalmem() / 2) : declared * 1024 * 1024,
    processes: limits?.processes ?? defaultProcesses,
    openFiles: limits?.['open-files'] ?? defaultOpenFiles,
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
  await giveData(spec.data, identity)
  for (const folder of spec.shared ?? []) await giveShared(spec.data, folder, identity)
  await giveSettings(spec.settings, identity)
  const leases = floor.leases && leasePath({ leases: floor.leases }, spec.package)
  if (leases) await giveLeases(leases, identity)
  await mkdir(run.folder, { recursive: true, mode: 0o700 })
  await writeFile(join(run.folder, 'filter'), filterOf(floor, spec.opened))
  const rlimits = rlimitOptions(floor.homes, limitsOf(spec.limits))
  const shown = shownTo(spec, run.way)
  const plan = {
    identity,
    launcher: floor.launcher,
    launcherOptions: identity.kind === 'mapped' ? rlimits : [],
    tree: spec.tree,
    entries: await entriesOf(spec.tree, shown),
    data: spec.data,
    shared: (spec.shared ?? []).map(({ name, path }) => ({ from: path, at: `/data/${name}` })),
    settings: spec.settings,
    ...(leases && { leases }),
    shown,
    opened: spec.opened,
    hostname: spec.package.replace('/', '-'),
    environment: toSandboxEnvironment({
      package: spec.package,
      app: spec.app,
      revision: spec.revision,
      declared: spec.declaration.environment ?? {},
    }),
    command: run.command,
    filter: 3,
  }
  const outside = identity.kind === 'leased' ? toPrlimit(floor, rlimits) : []
  return [...toEntry(run.way), ...outside, floor.bwrap, ...toSandboxArguments(plan)]
}

function toEntry(way: Way | undefined): string[] {
  return way === undefined ? [] : [way.nsenter, `--net=${way.namespace}`, '--']
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

/** The data is the app's alone: when its folder changes hands, so does all that is in it. */
async function giveData(data: string, identity: Identity): Promise<void> {
  await mkdir(data, { recursive: true, mode: 0o700 })
  if (identity.kind === 'mapped') return
  if ((await stat(data)).uid !== identity.uid) await giveAll(data, identity.uid)
  await chmod(data, 0o700)
}

/** It is shown in a folder of the data: whatever else the app put there under its name gives way. */
async function giveShared(
  data: string,
  { name, path }: SharedFolder,
  identity: Identity,
): Promise<void> {
  await giveData(path, identity)
  const at = join(data, name)
  if (!(await isFolder(at))) await rm(at, { force: true })
  await mkdir(at, { recursive: true, mode: 0o700 })
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory()
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

/** The folder itself comes last: a walk that was cut short is begun again. */
async function giveAll(folder: string, uid: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await giveAll(path, uid)
    else await lchown(path, uid, uid)
  }
  await chown(folder, uid, uid)
}

/**
 * The app may make files in it by its group, so that it can't open it again once the agent has shut it: as
 * it is found it stays.
 */
async function giveLeases(leases: string, identity: Identity): Promise<void> {
  if (!existsSync(leases)) {
    await mkdir(leases, { recursive: true, mode: 0o700 })
    await chmod(leases, 0o770)
  }
  if (identity.kind === 'leased') await chown(leases, 0, identity.uid)
}

/** Readable by the app's group and nobody else. */
async function giveSettings(settings: string, identity: Identity): Promise<void> {
  if (identity.kind === 'mapped') return
  await chown(settings, 0, identity.uid)
  await chmod(settings, 0o640)
}

/** An app on the device's network finds names as the device does; one on its own asks the agent. */
function shownTo(spec: AppSpec, way: Way | undefined): Shown[] {
  if (way) return Object.entries(way.files).map(([at, from]) => ({ from, at }))
  if (!isNetworked(spec)) return []
  return ['/etc/hosts', '/etc/resolv.conf']
    .filter(path => existsSync(path))
    .map(path => ({ from: realpathSync(path), at: path }))
}

/** The tree's top level; its /etc taken apart where something is shown in it. */
async function entriesOf(tree: string, shown: readonly Shown[]): Promise<TreeEntry[]> {
  const top = await readEntries(tree, '')
  const etc = top.find(entry => entry.path === 'etc')
  if (shown.length === 0 || etc === undefined || etc.target !== undefined) return top
  const covered = new Set(shown.map(({ at }) => at.slice(1)))
  const inEtc = (await readEntries(tree, 'etc/')).filter(({ path }) => !covered.has(path))
  return [...top.filter(entry => entry !== etc), ...inEtc]
}

async function readEntries(tree: string, prefix: string): Promise<TreeEntry[]> {
  const entries = await readdir(join(tree, prefix), { withFileTypes: true })
  return Promise.all(
    entries.map(async entry => {
      const path = `${prefix}${entry.name}`
      if (!entry.isSymbolicLink()) return { path }
      return { path, target: await readlink(join(tree, path)) }
    }),
  )
}
