import { execFile } from 'node:child_process'
import { type FSWatcher, watch } from 'node:fs'
import { chown, mkdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bound } from '@steadfleet/confine'
import { isSystemError } from '../../error.ts'
import { findProgram } from '../host-programs.ts'

/** What an app may ask for, by the name of a file that it makes. */
export type PowerRequest = 'restart' | 'power-off'
const requests: readonly PowerRequest[] = ['restart', 'power-off']

const settleMs = 100

/** Asks of packages to restart the device or to turn it off: a folder for each, which its apps write. */
export class PowerRequests implements Disposable {
  readonly #home: string
  readonly #act: (request: PowerRequest, packageName: string) => void
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #soon = new Set<string>()

  constructor(home: string, act: (request: PowerRequest, packageName: string) => void) {
    this.#home = home
    this.#act = act
  }

  /** Listens to a package until it is forgotten; what it asked for when nobody listened is no longer meant. */
  async listen(packageName: string, uid: number | undefined): Promise<Bound> {
    const from = join(this.#home, packageName.replace('/', '.'))
    await mkdir(from, { recursive: true, mode: 0o700 })
    if (uid !== undefined) await chown(from, uid, uid)
    if (!this.#watchers.has(packageName)) {
      await takeFrom(from)
      const look = () => this.#lookSoon(packageName, from)
      this.#watchers.set(packageName, watch(from, { persistent: false }, look))
    }
    return { from, at: '/run/steadfleet/shutdown', access: 'write' }
  }

  forget(packageName: string): void {
    this.#watchers.get(packageName)?.close()
    this.#watchers.delete(packageName)
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#watchers.keys()]) this.forget(name)
  }

  /** An app may touch its folder without end: it is looked at now and then, whatever happens there. */
  #lookSoon(packageName: string, folder: string): void {
    if (this.#soon.has(packageName)) return
    this.#soon.add(packageName)
    setTimeout(() => {
      this.#soon.delete(packageName)
      // A folder that is gone asks for nothing.
      this.#look(packageName, folder).catch(() => undefined)
    }, settleMs).unref()
  }

  async #look(packageName: string, folder: string): Promise<void> {
    const [first] = await takeFrom(folder)
    if (first !== undefined) this.#act(first, packageName)
  }
}

/**
 * The requests in a folder, taken away before they are answered: a device is not restarted twice. By name alone,
 * since an app may put whatever it likes beside them.
 */
async function takeFrom(folder: string): Promise<PowerRequest[]> {
  const found: PowerRequest[] = []
  for (const name of requests) if (await isTaken(join(folder, name))) found.push(name)
  return found
}

async function isTaken(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EISDIR', 'EPERM')) return false
    throw error
  }
}

const options = { restart: '-r', 'power-off': '-P' } as const satisfies Record<PowerRequest, string>

/** Does what a package may ask for, the device's own way: its services are stopped first. shutdown(8) */
export function turnPower(
  warn: (message: string) => void,
): (request: PowerRequest, packageName: string) => void {
  return (request, packageName) => {
    warn(`${packageName} asked for it: the device is about to ${request}`)
    const program = findProgram('shutdown')
    if (program === undefined) return warn(`cannot ${request}: this device lacks shutdown`)
    execFile(program, [options[request], 'now'], error => {
      if (error) warn(`cannot ${request}: ${error.message}`)
    })
  }
}
