import { existsSync, statfsSync } from 'node:fs'
import { bytesInAppFolders } from '../disk/app-folders.ts'
import { leasePath } from '../disk/paths.ts'
import type { AppSpec } from './apps.ts'
import { AppsError } from './error.ts'
import type { Floor } from './sandboxes.ts'

/** The folders of a package, and where its manifest says so what they may take: bytes. */
export interface DiskBudget {
  readonly folders: readonly string[]
  readonly declared?: Taken
}

/** What is taken now, of what may be. */
interface Taken {
  readonly used: number
  readonly most: number
}

const megabyte = 1024 * 1024
const lookMs = 1000
/** What others free meanwhile hides what the app takes, so now and then all is counted anew. */
const looksUntilCounted = 300

/** Only where something is declared does a start wait until it is counted. */
export async function diskBudgetOf(
  { leases, doors }: Pick<Floor, 'leases'> & Partial<Pick<Floor, 'doors'>>,
  spec: AppSpec,
): Promise<DiskBudget> {
  const { package: name, data, shared = [], limits } = spec
  const own = leases === undefined ? [] : [leasePath({ leases }, name)]
  const given = (doors?.exchange.writable(spec) ?? []).filter(path => existsSync(path))
  const folders = [data, ...shared.map(({ path }) => path), ...own, ...given]
  const declared = limits?.['disk-mb']
  if (declared === undefined) return { folders }
  return {
    folders,
    declared: { used: await bytesInAppFolders(folders), most: declared * megabyte },
  }
}

/** An app that is over its budget may begin, to tidy up; one that is far over it has shown that it does not. */
export function refuseFarOver({ declared }: DiskBudget, { package: name, app }: AppSpec): void {
  if (declared === undefined || declared.used <= declared.most * 1.25 + 64 * megabyte) return
  const message = `cannot start ${app} of ${name}: ${toWords(declared)}`
  throw new AppsError('apps/over-budget', message, { package: name, ...declared })
}

/**
 * Looks again and again how much the folders take, and tells once it is too much: no file system that
 * devices have holds a folder to a size. They are only counted when the disk has grown by what they had left.
 */
export function watchDisk(budget: DiskBudget, tell: (why: string) => void): Disposable {
  const watch = new DiskWatch(budget)
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    watch
      .look()
      .then(taken => {
        isLooking = false
        if (taken === undefined) return
        clearInterval(timer)
        tell(toWords(taken))
      })
      // Data that somebody took away takes nothing; what can't be counted now is counted at the next look.
      .catch(() => {
        isLooking = false
      })
  }, lookMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

class DiskWatch {
  readonly #folders: readonly string[]
  #most: number | undefined
  #counted: { readonly used: number; readonly onDisk: number } | undefined
  #looks = 0

  constructor({ folders, declared }: DiskBudget) {
    this.#folders = folders
    // What was too much before it began is no more than it was, until it grows.
    this.#most = declared && Math.max(declared.most, declared.used)
  }

  /** What is taken, where that is too much. */
  async look(): Promise<Taken | undefined> {
    const { onDisk, free } = diskOf(this.#folders[0] ?? '/')
    this.#looks += 1
    if (!this.#mayBeTooMuch(onDisk)) return undefined
    this.#looks = 0
    const used = await bytesInAppFolders(this.#folders)
    this.#counted = { used, onDisk }
    this.#most ??= used + Math.floor(free * 0.9)
    return used > this.#most ? { used, most: this.#most } : undefined
  }

  #mayBeTooMuch(onDisk: number): boolean {
    if (this.#counted === undefined || this.#looks >= looksUntilCounted) return true
    return this.#counted.used + onDisk - this.#counted.onDisk > (this.#most ?? 0)
  }
}

/** One system call that waits for no disk: made each second, a thread for it would cost ten times as much. */
function diskOf(path: string): { onDisk: number; free: number } {
  const { blocks, bfree, bavail, bsize } = statfsSync(path)
  return { onDisk: (blocks - bfree) * bsize, free: bavail * bsize }
}

function toWords({ used, most }: Taken): string {
  const [taken, may] = [used, most].map(bytes => (bytes / megabyte).toFixed(0))
  return `its data takes ${taken} MB of ${may}`
}
