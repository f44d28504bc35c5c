import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { toDocument } from '@steadfleet/base'
import type { GenerationPackage } from '@steadfleet/engine'
import { runTool, syncDirectory, syncFileSystem, writeDurably } from '../disk/durable.ts'
import { dataPath, type Paths, settingsPath } from '../disk/paths.ts'
import { isSystemError, orDiskFull } from '../error.ts'

/**
 * Gives a package its directory under a generation: a copy of the earlier one's, of the one that was
 * asked for, or an empty one.
 */
export async function copyData(
  paths: Paths,
  to: GenerationPackage,
  from: GenerationPackage | undefined,
): Promise<void> {
  const place = dataPath(paths, to.package, to.data)
  const draft = `${place}.partial`
  await rm(draft, { recursive: true, force: true })
  await rm(place, { recursive: true, force: true })
  try {
    await mkdir(dirname(place), { recursive: true })
    await syncDirectory(paths.data)
    const source = to.restored?.from ?? from?.data
    await fill(draft, source === undefined ? undefined : dataPath(paths, to.package, source))
    await writeDurably(settingsPath(paths, to.package, to.data), toDocument(to.settings))
    await rename(draft, place)
    await syncDirectory(dirname(place))
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw orDiskFull(error)
  }
}

/**
 * `cp` keeps owners, modes, times and holes, and shares blocks where the file system can. The copy is
 * durable before it has its name: a copy that is done is never made again, and its source may go.
 */
async function fill(draft: string, source: string | undefined): Promise<void> {
  if (source === undefined) return void (await mkdir(draft, { mode: 0o700 }))
  await runTool('cp', ['-a', '--reflink=auto', source, draft])
  await syncFileSystem(draft)
}

/** Puts the data of a failed generation aside, out of every app's way, until the next commit. */
export async function rejectData(paths: Paths, to: GenerationPackage): Promise<void> {
  const place = dataPath(paths, to.package, to.data)
  await rm(`${place}.partial`, { recursive: true, force: true })
  await rm(`${place}.rejected`, { recursive: true, force: true })
  await rm(settingsPath(paths, to.package, to.data), { force: true })
  try {
    await rename(place, `${place}.rejected`)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}

/** Removes the data of every generation that `isKept` does not name. */
export async function dropData(
  paths: Paths,
  isKept: (packageDirectory: string, entry: DataEntry) => boolean,
): Promise<void> {
  for (const directory of await readdir(paths.data)) {
    const home = join(paths.data, directory)
    for (const name of await readdir(home)) {
      const [number = '', kind = ''] = [name.split('.')[0], name.split('.').slice(1).join('.')]
      const entry = { number: Number(number), isRejected: kind === 'rejected' }
      if (!isKept(directory, entry)) await rm(join(home, name), { recursive: true, force: true })
    }
    if ((await readdir(home)).length === 0) await rm(home, { recursive: true, force: true })
  }
}

export interface DataEntry {
  readonly number: number
  readonly isRejected: boolean
}
