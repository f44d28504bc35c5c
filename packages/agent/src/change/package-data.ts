import { chmod, chown, lstat, mkdir, readdir, rename, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { GenerationPackage } from '@steadfleet/engine'
import { copyAppFolder, removeAppFolder } from '../disk/app-folders.ts'
import { syncDirectory, syncFileSystem, writeDurably } from '../disk/durable.ts'
import { dataPath, type Paths, settingsPath } from '../disk/paths.ts'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'
import { settingsFile } from '../trust/secrets.ts'

/** Where the data of a package under a generation begins from; undefined where it begins empty. */
export function sourceOf(
  paths: Paths,
  to: GenerationPackage,
  from: GenerationPackage | undefined,
): string | undefined {
  const source = to.restored?.from ?? from?.data
  return source === undefined ? undefined : dataPath(paths, to.package, source)
}

/**
 * Gives a package its directory under a generation: a copy of the earlier one's, of the one that was
 * asked for, or an empty one. It is durable when this is fulfilled.
 */
export async function copyData(
  paths: Paths,
  to: GenerationPackage,
  from: GenerationPackage | undefined,
): Promise<void> {
  const place = dataPath(paths, to.package, to.data)
  const draft = `${place}.partial`
  const source = sourceOf(paths, to, from)
  await removeAppFolder(draft)
  await removeAppFolder(place)
  try {
    await mkdir(dirname(place), { recursive: true })
    await syncDirectory(paths.data)
    if (source === undefined) await mkdir(draft, { mode: 0o700 })
    else await fill(draft, source, to.behaviour.data?.shared ?? [])
    await writeDurably(
      settingsPath(paths, to.package, to.data),
      await settingsFile(paths, to),
      0o600,
    )
    await rename(draft, place)
    await syncDirectory(dirname(place))
  } catch (error) {
    await removeAppFolder(draft)
    throw orDiskFull(error)
  }
}

/**
 * The copy is durable before it has its name: a copy that is done is never made again, and its source may go.
 * The app is down meanwhile, so that what has nothing to copy starts no program for it.
 */
async function fill(draft: string, source: string, shared: readonly string[]): Promise<void> {
  const names = await namesIn(source)
  const copied = names.filter(name => !shared.includes(name))
  if (copied.length === 0) {
    await fillWithout(draft, source, copied)
    return await syncDirectory(draft)
  }
  if (copied.length === names.length) await copyAppFolder([source], draft)
  else await fillWithout(draft, source, copied)
  await syncFileSystem(dirname(draft))
}

/** The kernel bounds the arguments of a program: names are at most 255 bytes long. */
const namesAtOnce = 200

/** What is shared is in the package's one place for it, and is not copied. */
async function fillWithout(draft: string, source: string, names: readonly string[]): Promise<void> {
  const { mode, uid, gid, atime, mtime } = await lstat(source)
  await mkdir(draft, { mode: 0o700 })
  for (let i = 0; i < names.length; i += namesAtOnce) {
    const paths = names.slice(i, i + namesAtOnce).map(name => join(source, name))
    await copyAppFolder(paths, draft)
  }
  await chown(draft, uid, gid)
  await chmod(draft, mode & 0o7777)
  await utimes(draft, atime, mtime)
}

async function namesIn(source: string): Promise<string[]> {
  try {
    return await readdir(source)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    const message = `cannot copy the data at ${source}: it is not there`
    throw new AgentError('agent/no-data', message, { source }, { cause: error })
  }
}
