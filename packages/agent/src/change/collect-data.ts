import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Generation, GenerationPackage } from '@steadfleet/engine'
import { removeAppFolder } from '../disk/app-folders.ts'
import type { Paths } from '../disk/paths.ts'
import { isSystemError } from '../error.ts'
import { type Grace, rejectData } from './rejected-data.ts'

interface Collecting {
  readonly grace: Grace
  /** Whether every generation of this device could be read: else what seems to be nobody's may not be. */
  readonly isKnown: boolean
}

/**
 * Removes the data of every generation that is not kept. What was left for an earlier copy is put
 * aside, and what is put aside already has its own time to go.
 */
export async function collectData(
  paths: Paths,
  kept: readonly Generation[],
  collecting: Collecting,
): Promise<void> {
  const packages = kept.flatMap(generation => generation.packages)
  for (const directory of await readdir(paths.data)) {
    const own = packages.filter(one => one.package.replace('/', '.') === directory)
    await collectHome(paths, directory, own, collecting)
    await dropShared(join(paths.data, directory, 'shared'), own)
  }
}

async function collectHome(
  paths: Paths,
  directory: string,
  own: readonly GenerationPackage[],
  { grace, isKnown }: Collecting,
): Promise<void> {
  const home = join(paths.data, directory)
  const names = await readdir(home)
  for (const name of names) {
    const end = endOf(name, names, own)
    if (end === 'kept') continue
    const isAside = isWhole(name) && (end === 'put aside' || !isKnown)
    if (isAside) await rejectData(paths, directory, Number(name), grace)
    else await removeAppFolder(join(home, name))
  }
  if ((await readdir(home)).length === 0) await rmdir(home)
}

type End = 'kept' | 'dropped' | 'put aside'

/** `N`, `N.settings.json`, `N.partial`, `N.rejected`, `N.rejected.json`, `shared`. */
function endOf(name: string, names: readonly string[], own: readonly GenerationPackage[]): End {
  const [number = '', ...kind] = name.split('.')
  if (kind[0] === 'rejected') return isKept(names.includes(`${number}.rejected`))
  if (number === 'shared') return isKept(own.length > 0)
  if (own.some(one => one.data === Number(number))) return 'kept'
  const isLeft = own.some(one => one.restored?.left === Number(number))
  return isLeft ? 'put aside' : 'dropped'
}

/** The data of a generation itself, and nothing beside it. */
function isWhole(name: string): boolean {
  return /^\d+$/.test(name)
}

function isKept(is: boolean): End {
  return is ? 'kept' : 'dropped'
}

async function dropShared(folder: string, own: readonly GenerationPackage[]): Promise<void> {
  const declared = new Set(own.flatMap(one => one.behaviour.data?.shared ?? []))
  for (const name of await namesIn(folder)) {
    if (!declared.has(name)) await removeAppFolder(join(folder, name))
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}
