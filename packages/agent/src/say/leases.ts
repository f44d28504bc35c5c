import { constants } from 'node:fs'
import { chmod, lstat, open, opendir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { WaitReason } from '@steadfleet/domain'
import type { Generation, GenerationPackage } from '@steadfleet/engine'
import type { Apps } from '../apps/index.ts'
import { specsOf } from '../change/specs.ts'
import { removeAppFolder } from '../disk/app-folders.ts'
import { leasePath, type Paths } from '../disk/paths.ts'
import { isSystemError } from '../error.ts'
import type { World } from '../world.ts'

/** A lease that says nothing else is good for so long after it was made or renewed. */
const usualSeconds = 60
const longestSeconds = 3600
const longestFile = 1024
const mostLeases = 100
/** A hook that says it is not safe is asked again after so long, and ended after so long. */
const askAgainMs = 5000
const hookSeconds = 60

/** The app may make files in its folder; while it is shut, it may not. */
const opened = 0o770
const shut = 0o550

export interface LeasesOptions {
  readonly paths: Paths
  readonly world: Pick<World, 'monotonic'>
  readonly apps: Pick<Apps, 'hook'>
}

/**
 * What apps say of not now: each has a folder in its sandbox, and a file in it is a lease. To make one
 * fails while the folder is shut; so whoever made one was not overlooked. docs/guides/owners-say.md
 */
export class Leases {
  readonly #options: LeasesOptions
  readonly #seen = new Map<string, Lease>()
  readonly #unsafe = new Map<string, { readonly why: string; readonly at: number }>()

  constructor(options: LeasesOptions) {
    this.#options = options
  }

  /**
   * Shuts the folders of these packages and asks each for a safe state. With any reason to wait they are
   * open again; without one they are shut, until somebody opens them.
   */
  async close(
    packages: readonly string[],
    from: Generation,
    stop: AbortSignal,
  ): Promise<readonly WaitReason[]> {
    for (const name of packages) await this.#sweep(name)
    await this.shut(packages)
    const held = (await Promise.all(packages.map(name => this.#reasonsOf(name)))).flat()
    const reasons = held.length > 0 ? held : await this.#unsafeOf(packages, from, stop)
    if (reasons.length > 0) await this.open(packages)
    return reasons.slice(0, 20)
  }

  /** Lets apps make leases again. */
  open(packages: readonly string[]): Promise<void> {
    return this.#setModes(packages, opened)
  }

  /** Lets them make none, whatever they hold. */
  shut(packages: readonly string[]): Promise<void> {
    return this.#setModes(packages, shut)
  }

  /** Lets every app make leases again. */
  async openAll(): Promise<void> {
    const names = await namesIn(this.#options.paths.leases)
    await this.open(names.map(name => name.replace('.', '/')))
  }

  async #setModes(packages: readonly string[], mode: number): Promise<void> {
    for (const name of packages) {
      try {
        await chmod(this.#folder(name), mode)
      } catch (error) {
        // It was started by an agent that knew no leases, or not yet.
        if (!isSystemError(error, 'ENOENT')) throw error
      }
    }
  }

  /** What is over goes while its folder is open: afterwards whatever lies there counts. */
  async #sweep(name: string): Promise<void> {
    for (const { path, leftMs } of await this.#leasesOf(name)) {
      if (leftMs > 0) continue
      this.#seen.delete(path)
      await removeAppFolder(path)
    }
  }

  async #reasonsOf(name: string): Promise<WaitReason[]> {
    return (await this.#leasesOf(name)).map(({ why }) => {
      const said = why === '' ? '' : `: ${why}`
      return { kind: 'lease', why: `${name} says not now${said}`.slice(0, 500) }
    })
  }

  /** Time is counted from when a renewal is seen here, so no clock and no file can lengthen it. */
  async #leasesOf(name: string): Promise<{ path: string; why: string; leftMs: number }[]> {
    const now = this.#options.world.monotonic()
    const folder = this.#folder(name)
    const names = await namesIn(folder, mostLeases)
    this.#forgetOthers(folder, names)
    const leases = []
    for (const file of names) {
      const path = join(folder, file)
      const stamp = await stampOf(path)
      if (stamp === undefined) continue
      const before = this.#seen.get(path)
      const isAsBefore = before?.stamp === stamp
      const lease = isAsBefore ? before : { stamp, at: now, ...(await readLease(path)) }
      this.#seen.set(path, lease)
      leases.push({ path, why: lease.why, leftMs: lease.at + lease.seconds * 1000 - now })
    }
    return leases
  }

  /** Names that come and go must not fill the agent's memory. */
  #forgetOthers(folder: string, names: readonly string[]): void {
    const kept = new Set(names.map(name => join(folder, name)))
    for (const path of this.#seen.keys()) {
      if (dirname(path) === folder && !kept.has(path)) this.#seen.delete(path)
    }
  }

  async #unsafeOf(
    packages: readonly string[],
    from: Generation,
    stop: AbortSignal,
  ): Promise<WaitReason[]> {
    for (const name of packages) {
      const one = from.packages.find(other => other.package === name)
      const why = one && (await this.#askForSafety(one))
      stop.throwIfAborted()
      if (why !== undefined) {
        const said = `${name} is not in a safe state${why && `: ${why}`}`
        return [{ kind: 'unsafe', why: said.slice(0, 500) }]
      }
    }
    return []
  }

  /** What the package's own hook says against it, or undefined where it is safe to stop. */
  async #askForSafety(one: GenerationPackage): Promise<string | undefined> {
    const { paths, world, apps } = this.#options
    const command = one.behaviour.hooks?.['safe-state']
    const [spec] = specsOf(paths, one)
    if (command === undefined || spec === undefined) return undefined
    const before = this.#unsafe.get(one.package)
    if (before && world.monotonic() - before.at < askAgainMs) return before.why
    const { exit, output } = await apps.hook(spec, command, hookSeconds)
    if (exit === 0) {
      this.#unsafe.delete(one.package)
      return undefined
    }
    const why = output.slice(-3).join(' ').slice(0, 300)
    this.#unsafe.set(one.package, { why, at: world.monotonic() })
    return why
  }

  #folder(name: string): string {
    return leasePath(this.#options.paths, name)
  }
}

interface Lease {
  /** Changes with each renewal, and cannot be set by the app. */
  readonly stamp: string
  readonly at: number
  readonly seconds: number
  readonly why: string
}

/** An app may make millions of leases: it holds up its update no longer by more of them than these. */
async function namesIn(folder: string, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { name } of await opendir(folder)) {
      if (names.push(name) >= most) break
    }
    return names.sort()
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { ino, ctimeNs } = await lstat(path, { bigint: true })
    return `${ino} ${ctimeNs}`
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Anything that lies there is a lease, whatever it is: what it says is only read where that is safe. */
async function readLease(path: string): Promise<Pick<Lease, 'seconds' | 'why'>> {
  const text = await readStart(path)
  const [first = '', ...rest] = text.split('\n')
  const seconds = rest.map(line => /^seconds=(\d{1,9})$/.exec(line)?.[1]).find(Boolean)
  return {
    seconds: Math.min(longestSeconds, Number(seconds ?? usualSeconds)),
    why: first
      .replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ')
      .trim()
      .slice(0, 200),
  }
}

const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** The app may have put a link, a pipe or a device there. */
async function readStart(path: string): Promise<string> {
  try {
    const file = await open(path, readOnly)
    try {
      if (!(await file.stat()).isFile()) return ''
      const { buffer, bytesRead } = await file.read(Buffer.alloc(longestFile), 0, longestFile, 0)
      return buffer.subarray(0, bytesRead).toString('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return ''
    throw error
  }
}
