import { execFile } from 'node:child_process'
import { existsSync, type FSWatcher, readdirSync, rmSync, watch } from 'node:fs'
import { chmod, lstat, mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type DevicePattern, terminals } from '@steadfleet/confine'
import { type DeviceNode, nodesOf, numbersOf } from './device-nodes.ts'
import { foldersOf } from './patterns.ts'

const run = promisify(execFile)

/** Where every /dev leads elsewhere. */
const links: readonly (readonly [name: string, to: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['pts', `${terminals}/pts`],
  ['ptmx', `${terminals}/pts/ptmx`],
]

/** Is told which nodes a package is about to have, and that it has no others. */
type Allow = (packageName: string, nodes: readonly DeviceNode[]) => void

export interface DeviceFoldersOptions {
  readonly warn: (message: string) => void
  readonly allow: Allow
}

interface Kept {
  readonly patterns: readonly DevicePattern[]
  readonly uid: number
}

/**
 * A folder of device nodes for each package that is granted any: the /dev of its apps. The nodes are its own,
 * made by number for its uid alone, so that the device's stay as they are; they come and go as the device's do.
 */
export class DeviceFolders implements Disposable {
  readonly #home: string
  readonly #sysfs: string
  readonly #warn: (message: string) => void
  readonly #allow: Allow
  readonly #kept = new Map<string, Kept>()
  #watchers: FSWatcher[] = []
  #again: NodeJS.Timeout | undefined
  #work: Promise<void> = Promise.resolve()

  /** `home` is on a file system that lets device nodes be used, as /dev itself. */
  constructor(home: string, sysfs: string, { warn, allow }: DeviceFoldersOptions) {
    this.#allow = allow
    this.#sysfs = sysfs
    this.#home = home
    this.#warn = warn
  }

  /** The folder of a package, filled with what there is now, and kept so until it is forgotten. */
  async keep(
    packageName: string,
    patterns: readonly DevicePattern[],
    uid: number,
  ): Promise<string> {
    this.#kept.set(packageName, { patterns, uid })
    await this.#after(() => this.#fill(packageName))
    this.#watch()
    return this.#folderOf(packageName)
  }

  /** Takes the nodes of a package away: what has one open keeps it until it ends. */
  async forget(packageName: string): Promise<void> {
    if (!this.#kept.delete(packageName)) return
    await this.#after(() => rm(this.#folderOf(packageName), { recursive: true, force: true }))
    this.#watch()
  }

  /** Takes the folders away that an earlier agent left and that nobody keeps. */
  async sweep(): Promise<void> {
    const kept = new Set([...this.#kept.keys()].map(name => this.#folderOf(name)))
    for (const name of await namesIn(this.#home)) {
      const folder = join(this.#home, name)
      if (!kept.has(folder)) await rm(folder, { recursive: true, force: true })
    }
  }

  /** Looks at the device again, now. */
  refresh(): Promise<void> {
    return this.#after(async () => {
      for (const name of this.#kept.keys()) await this.#fill(name)
    })
  }

  /** Takes away what is left, down to the folder that all agents share. */
  leave(): void {
    this[Symbol.dispose]()
    rmSync(this.#home, { recursive: true, force: true })
    const shared = dirname(this.#home)
    if (existsSync(shared) && readdirSync(shared).length === 0) rmSync(shared, { recursive: true })
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#again)
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers = []
  }

  #folderOf(packageName: string): string {
    return join(this.#home, packageName.replace('/', '.'))
  }

  #after(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }

  async #fill(packageName: string): Promise<void> {
    const kept = this.#kept.get(packageName)
    if (kept === undefined) return
    const folder = this.#folderOf(packageName)
    await mkdir(this.#home, { recursive: true, mode: 0o700 })
    if ((await namesIn(folder)).length === 0) await furnish(folder)
    const wanted = nodesOf(kept.patterns, this.#sysfs)
    this.#allow(packageName, [...wanted.values()])
    const held = await heldIn(folder)
    for (const [name, text] of held) {
      if (textOf(wanted.get(name)) === text) wanted.delete(name)
      else await rm(join(folder, name))
    }
    await makeNodes(folder, [...wanted.values()], kept.uid)
  }

  /** Whoever plugs something in brings about some events in a row. */
  #watch(): void {
    this[Symbol.dispose]()
    const paths = [...this.#kept.values()].flatMap(({ patterns }) => patterns.map(one => one.path))
    const folders = [...new Set(paths.flatMap(foldersOf))]
    this.#watchers = folders.flatMap(folder => this.#watcherOf(folder))
  }

  #watcherOf(folder: string): FSWatcher[] {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#lookSoon())
      return [watcher.on('error', () => this.#lookSoon())]
    } catch (error) {
      this.#warn(`cannot watch ${folder}: ${String(error)}`)
      return []
    }
  }

  #lookSoon(): void {
    clearTimeout(this.#again)
    this.#again = setTimeout(() => {
      this.refresh()
        .then(() => this.#watch())
        .catch((error: unknown) => this.#warn(`cannot look at devices: ${String(error)}`))
    }, settleMs).unref()
  }
}

const settleMs = 30

async function furnish(folder: string): Promise<void> {
  await mkdir(join(folder, 'shm'), { recursive: true, mode: 0o755 })
  await chmod(folder, 0o755)
  for (const [name, to] of links) await symlink(to, join(folder, name))
}

/** The nodes in a folder, as {@link textOf} says them, by name. */
async function heldIn(folder: string, below = ''): Promise<Map<string, string>> {
  const held = new Map<string, string>()
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) for (const one of await heldIn(folder, name)) held.set(...one)
    if (!entry.isCharacterDevice()) continue
    const { rdev, mode } = await lstat(join(folder, name))
    const [major, minor] = numbersOf(rdev)
    held.set(name, textOf({ name, major, minor, mode: mode & 0o777 }))
  }
  return held
}

function textOf(node: DeviceNode | undefined): string {
  return node ? `${node.major}:${node.minor} ${node.mode.toString(8)}` : ''
}

/** One shell for all: Node itself makes no device nodes. mknod(1) */
const script = `
uid=$1; shift
while [ "$#" -gt 0 ]; do
  mknod -m 600 "$1" c "$2" "$3" && chown "$uid:$uid" "$1" && chmod "$4" "$1" || exit 1
  shift 4
done`

async function makeNodes(folder: string, nodes: readonly DeviceNode[], uid: number): Promise<void> {
  if (nodes.length === 0) return
  for (const parent of new Set(nodes.map(({ name }) => dirname(name)))) {
    await mkdir(join(folder, parent), { recursive: true, mode: 0o755 })
  }
  const words = nodes.flatMap(({ name, major, minor, mode }) => [
    join(folder, name),
    `${major}`,
    `${minor}`,
    mode.toString(8),
  ])
  const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }
  await run('/bin/sh', ['-c', script, 'steadfleet-devices', `${uid}`, ...words], {
    env: environment,
  })
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
