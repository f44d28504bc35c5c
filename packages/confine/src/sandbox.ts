import type { InterfaceRequest } from '@steadfleet/domain'
import { ConfineError } from './error.ts'
import { effectOf } from './interfaces/request.ts'

/** An entry of the tree's top level, or of its `/etc` where that is taken apart. */
export interface TreeEntry {
  /** Relative to the tree: `usr`, `etc/ssl`. */
  readonly path: string
  /** Where a symbolic link points; absent for a file or a folder. */
  readonly target?: string
}

/** A file or folder of the device, and where the sandbox shows it: read-only where nothing else is said. */
export interface Shown {
  readonly from: string
  readonly at: string
}

/** What an interface opens: as {@link Shown}, to be read, to be written, or as a device. */
export interface Bound extends Shown {
  readonly access: 'read' | 'write' | 'device'
}

/**
 * Who the app is. `leased`: the agent is root, and setpriv turns into the leased uid inside.
 * `mapped`: the agent is an ordinary user, and a user namespace holds nobody else.
 */
export type Identity =
  | { readonly kind: 'leased'; readonly uid: number; readonly groups?: readonly number[] }
  | { readonly kind: 'mapped' }

/**
 * How the last programs before the app are run: their loader, their libraries and the programs themselves.
 * The first may still be root, so nothing that the app could have said reaches it: not its environment
 * either (LD_PRELOAD), which the second gives when no right is left.
 */
export interface Launcher {
  readonly shown: readonly Shown[]
  /** Gives every right away for good: setpriv, or prlimit where there is none. */
  readonly command: readonly string[]
  /** Gives the app its environment: env(1). */
  readonly setter: readonly string[]
}

/** All that makes one sandbox. */
export interface SandboxPlan {
  readonly identity: Identity
  readonly launcher: Launcher
  /** Absolute path of the installed tree, and what stands in it. */
  readonly tree: string
  readonly entries: readonly TreeEntry[]
  readonly data: string
  /** Folders of the app's own below {@link sharedPlace}, to be written: no generation has them alone. */
  readonly shared: readonly Shown[]
  readonly settings: string
  /** The folder in which the app says not now; without one it cannot. */
  readonly leases?: string
  /** Further files of the device, such as its resolver's configuration. */
  readonly shown: readonly Shown[]
  /** The requests that are granted. */
  readonly opened: readonly InterfaceRequest[]
  /** What of the device these open, in its places. */
  readonly bound: readonly Bound[]
  /** The folder of the app's device nodes, which its /dev is made of: they come and go in it. */
  readonly devices?: string
  readonly hostname: string
  readonly environment: Readonly<Record<string, string>>
  /** Options of the launcher itself, such as limits. */
  readonly launcherOptions: readonly string[]
  /** Program and arguments; a program without a leading slash starts at the tree's root. */
  readonly command: readonly string[]
  /** The file descriptor on which bwrap is given the system call filter. */
  readonly filter: number
  /** A descriptor that is open as long as anything of the sandbox runs, and that the app does not have. */
  readonly keptOpen?: number
}

/** Top-level names that belong to the sandbox: what a tree has there is not shown. */
const own: ReadonlySet<string> = new Set([
  '.steadfleet',
  'data',
  'dev',
  'proc',
  'run',
  'settings.json',
  'sys',
  'tmp',
])

/** Where the terminals of an app are whose /dev is a folder of its own. */
export const terminals = '/.steadfleet/dev'

/**
 * Where the folders are that generations of a package share. Not in the data, which an app that runs may
 * write: a link that it put there would have bwrap, which is root, mount them wherever it points.
 */
export const sharedPlace = '/run/steadfleet/shared'

/** Where an app finds the folder of its leases. */
export const leasesPlace = '/run/steadfleet/leases'

const megabyte = 1024 * 1024

/** Memory-backed folders that an app may write; what is in them is gone when it ends. */
const scratch: readonly (readonly [path: string, bytes: number])[] = [
  ['/dev/shm', 64 * megabyte],
  ['/run', 16 * megabyte],
  ['/tmp', 256 * megabyte],
]

/** The arguments of bwrap for a plan: the same plan gives the same arguments. */
export function toSandboxArguments(plan: SandboxPlan): string[] {
  return [
    ...toNamespaces(plan),
    ...toPrivileges(plan),
    '--clearenv',
    ...foldersOf(plan).flatMap(path => ['--perms', '0755', '--dir', path]),
    ...entriesShown(plan)
      .sort(byPath)
      .flatMap(entry => toEntry(plan.tree, entry)),
    ...[...plan.shown, ...plan.launcher.shown].sort(byPlace).flatMap(toShown),
    ...['--proc', '/proc', ...toDevices(plan)],
    ...scratch.flatMap(([at, size]) => ['--perms', '1777', '--size', `${size}`, '--tmpfs', at]),
    ...toLeases(plan),
    ...toShared(plan),
    ...toBound(plan.bound),
    ...['--bind', plan.data, '/data', '--ro-bind', plan.settings, '/settings.json'],
    // bwrap would shut the devices too; what the folder holds is root's, and the app is not root.
    ...(plan.devices === undefined ? ['--remount-ro', '/dev'] : []),
    ...['--remount-ro', '/', '--chdir', '/'],
    ...(plan.keptOpen === undefined ? [] : ['--sync-fd', `${plan.keptOpen}`]),
    ...['--seccomp', `${plan.filter}`],
    '--',
    ...toCommand(plan),
  ]
}

function toNamespaces({ identity, opened, hostname }: SandboxPlan): string[] {
  const effects = opened.map(effectOf)
  const sharesNetwork = effects.some(({ network, hostNetwork }) => network || hostNetwork)
  return [
    ...(identity.kind === 'mapped' ? ['--unshare-user'] : []),
    ...['--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try'],
    ...(sharesNetwork ? [] : ['--unshare-net']),
    ...['--hostname', hostname, '--new-session', '--die-with-parent'],
  ]
}

/** As root, bwrap keeps just what setpriv needs to give the rest away for good. */
function toPrivileges({ identity, opened }: SandboxPlan): string[] {
  if (identity.kind === 'mapped') return ['--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL']
  const own = capabilitiesOf(opened).map(name => `CAP_${name.toUpperCase()}`)
  const needed = ['CAP_SETGID', 'CAP_SETPCAP', 'CAP_SETUID', ...own]
  return ['--cap-drop', 'ALL', ...needed.flatMap(name => ['--cap-add', name])]
}

function toEnvironment(environment: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(environment).sort()
  return names.map(name => `${name}=${environment[name] ?? ''}`)
}

/** Folders to make by name, since one that a bind implies may be closed to the app. */
function foldersOf(plan: SandboxPlan): string[] {
  const places = [
    ...entriesShown(plan).map(({ path }) => `/${path}`),
    ...[...plan.shown, ...plan.launcher.shown].map(({ at }) => at),
  ]
  const folders = places.map(place => place.slice(0, place.lastIndexOf('/')))
  return [...new Set(folders)].filter(folder => folder !== '').sort()
}

/** Whether a path of the tree's top level is the sandbox's own, where the tree's is not seen. */
export function isOwnPlace(name: string): boolean {
  return own.has(name)
}

/**
 * What of the tree is seen: nothing where the sandbox has places of its own, nor above what is bound. bwrap,
 * which is root, would follow a link of the tree on the way there, also out of the sandbox.
 */
function entriesShown({ entries, bound }: SandboxPlan): TreeEntry[] {
  const isAbove = (path: string) => bound.some(({ at }) => `${at}/`.startsWith(`/${path}/`))
  return entries.filter(({ path }) => !own.has(path) && !isAbove(path))
}

function toEntry(tree: string, { path, target }: TreeEntry): string[] {
  if (target !== undefined) return ['--symlink', target, `/${path}`]
  return ['--ro-bind', `${tree}/${path}`, `/${path}`]
}

/** Made in the scratch folder that is mounted there before. */
function toLeases({ leases }: SandboxPlan): string[] {
  if (leases === undefined) return []
  return ['--perms', '0755', '--dir', '/run/steadfleet', '--bind', leases, leasesPlace]
}

/**
 * The device files of every app, or a folder of its own nodes in their place. Terminals of its own it has by
 * the first way alone, so that its folder refers there.
 */
function toDevices({ devices }: SandboxPlan): string[] {
  if (devices === undefined) return ['--dev', '/dev']
  return ['--dev', terminals, '--remount-ro', terminals, '--dev-bind', devices, '/dev']
}

const bindOf = { read: '--ro-bind', write: '--bind', device: '--dev-bind' } as const

function toBound(bound: readonly Bound[]): string[] {
  return [...bound]
    .sort(byPlace)
    .flatMap(({ from, at, access }) => [
      ...foldersAbove(at).flatMap(path => ['--perms', '0755', '--dir', path]),
      ...[bindOf[access], from, at],
    ])
}

/** `/run` and `/tmp` are there, with modes of their own. */
function foldersAbove(path: string): string[] {
  const names = path.split('/').slice(1, -1)
  return names
    .map((_, i) => `/${names.slice(0, i + 1).join('/')}`)
    .filter(folder => !['/run', '/tmp', '/dev', '/proc'].includes(folder))
}

function capabilitiesOf(opened: readonly InterfaceRequest[]): string[] {
  const all = opened.flatMap(request => effectOf(request).capabilities ?? [])
  return [...new Set(all)].sort()
}

function toShared({ shared }: SandboxPlan): string[] {
  if (shared.length === 0) return []
  const folders = ['/run/steadfleet', sharedPlace].flatMap(path => [
    '--perms',
    '0755',
    '--dir',
    path,
  ])
  return [...folders, ...shared.flatMap(({ from, at }) => ['--bind', from, at])]
}

function toShown({ from, at }: Shown): string[] {
  return ['--ro-bind', from, at]
}

function toCommand(plan: SandboxPlan): string[] {
  const [program, ...rest] = plan.command
  if (program === undefined) throw new ConfineError('confine/plan', 'cannot run an empty command')
  const path = program.startsWith('/') ? program : `/${program}`
  // env(1) would take it for one more variable.
  if (path.includes('=')) throw new ConfineError('confine/plan', `cannot run ${path}: it holds a =`)
  const options = [...plan.launcherOptions, ...toLauncherOptions(plan)]
  const setting = [...plan.launcher.setter, '-i', ...toEnvironment(plan.environment)]
  return [...plan.launcher.command, ...options, '--', ...setting, path, ...rest]
}

/** For `leased` the launcher is setpriv: a uid of its own, and no group or capability but what is opened. */
function toLauncherOptions({ identity, opened }: SandboxPlan): string[] {
  if (identity.kind === 'mapped') return []
  const { groups = [] } = identity
  const kept = ['-all', ...capabilitiesOf(opened).map(name => `+${name}`)].join()
  return [
    `--reuid=${identity.uid}`,
    `--regid=${identity.uid}`,
    groups.length > 0 ? `--groups=${groups.join()}` : '--clear-groups',
    `--inh-caps=${kept}`,
    `--ambient-caps=${kept}`,
    `--bounding-set=${kept}`,
    '--no-new-privs',
  ]
}

function byPath(a: TreeEntry, b: TreeEntry): number {
  return compare(a.path, b.path)
}

function byPlace(a: Shown, b: Shown): number {
  return compare(a.at, b.at)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
