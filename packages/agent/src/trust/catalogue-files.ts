import { link, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CatalogueStore } from '@steadfleet/trust'
import { readIfThere, syncDirectory } from '../disk/durable.ts'
import { isSystemError, orDiskFull } from '../error.ts'

/**
 * Metadata on disk: each commit is a whole new directory, reached by one rename of `current`, and
 * the one before it is kept. A cut of power leaves the old set or the new one, never a mixture.
 */
export class CatalogueFiles implements CatalogueStore {
  readonly #directory: string
  #last: Promise<void> = Promise.resolve()

  constructor(directory: string) {
    this.#directory = directory
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const current = await this.#current()
    return readIfThere(join(this.#at(current), name))
  }

  /** One after the other: each begins from what the one before has made. */
  commit(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const turn = this.#last.then(() => this.#commit(files))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #commit(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const before = await this.#current()
    const next = before + 1
    try {
      await this.#write(before, next, files)
    } catch (error) {
      await rm(this.#at(next), { recursive: true, force: true })
      throw orDiskFull(error)
    }
    if (before > 1) await rm(this.#at(before - 1), { recursive: true, force: true })
  }

  async #write(
    before: number,
    next: number,
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<void> {
    await makeEmpty(this.#at(next))
    const kept = (await namesIn(this.#at(before))).filter(name => !files.has(name))
    const written = [...files].filter(([, bytes]) => bytes.length > 0)
    // Nobody reads a directory that `current` does not name yet: no file in it needs a draft. Side by
    // side, so that the disk is asked once for all of them.
    await allOf([
      ...kept.map(name => link(join(this.#at(before), name), join(this.#at(next), name))),
      ...written.map(([name, bytes]) => writeFile(join(this.#at(next), name), bytes, whole)),
    ])
    await syncDirectory(this.#at(next))
    await this.#point(next)
  }

  async #point(next: number): Promise<void> {
    const draft = join(this.#directory, 'current.new')
    await rm(draft, { force: true })
    await symlink(String(next), draft)
    await rename(draft, join(this.#directory, 'current'))
    await syncDirectory(this.#directory)
  }

  /** What `current` names; where it is torn, the newest there is: whoever reads it verifies it. */
  async #current(): Promise<number> {
    const named = await linkAt(join(this.#directory, 'current'))
    if (/^[1-9][0-9]*$/.test(named)) return Number(named)
    const numbers = (await namesIn(this.#directory)).map(Number).filter(Number.isSafeInteger)
    return Math.max(0, ...numbers)
  }

  #at(number: number): string {
    return join(this.#directory, String(number))
  }
}

/** A new file that is durable once it is written. */
const whole = { flag: 'wx', mode: 0o644, flush: true } as const

/** Ends when all have ended, so that none still writes into what a failed commit takes back. */
async function allOf(steps: readonly Promise<void>[]): Promise<void> {
  for (const step of await Promise.allSettled(steps)) {
    if (step.status === 'rejected') throw step.reason
  }
}

/** What a cut of power left there is of no commit. */
async function makeEmpty(directory: string): Promise<void> {
  if (await mkdir(directory, { recursive: true })) return
  await rm(directory, { recursive: true })
  await mkdir(directory)
}

async function linkAt(path: string): Promise<string> {
  try {
    return await readlink(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EINVAL')) return ''
    throw error
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}
