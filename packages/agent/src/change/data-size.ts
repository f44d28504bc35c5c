import { constants, copyFile, lstat, opendir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Need } from '../disk/space.ts'
import { isSystemError } from '../error.ts'

/**
 * What a copy of a folder takes: an inode for each entry, and the bytes that its files take on disk
 * unless the file system lets both share them. `without` names entries of its top that are not copied.
 */
export async function needOfCopy(source: string, without: readonly string[] = []): Promise<Need> {
  const { bytes, inodes } = await sizeOf(source, without)
  const isFree = bytes > 0 && (await canShareBlocks(source))
  return { bytes: isFree ? 0 : bytes, inodes }
}

/** A file that an app takes away while it is counted is not counted. */
async function sizeOf(folder: string, without: readonly string[]): Promise<Need> {
  let bytes = 0
  let inodes = 1
  const waiting = [folder]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for await (const entry of entriesOf(at)) {
      if (at === folder && without.includes(entry.name)) continue
      const path = join(at, entry.name)
      inodes += 1
      if (entry.isDirectory()) waiting.push(path)
      bytes += await blocksOf(path)
    }
  }
  return { bytes, inodes }
}

async function* entriesOf(folder: string) {
  try {
    yield* await opendir(folder)
  } catch (error) {
    if (!isBeyondReach(error)) throw error
  }
}

async function blocksOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).blocks * 512
  } catch (error) {
    if (isBeyondReach(error)) return 0
    throw error
  }
}

/** Gone meanwhile, no folder any more, or deeper than a path can be long: it is not copied either. */
function isBeyondReach(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES'].some(code => isSystemError(error, code))
}

/** Whether a file of this file system can be cloned: tried, since its name says too little. */
async function canShareBlocks(beside: string): Promise<boolean> {
  const [a, b] = [`${beside}.probe`, `${beside}.probe.2`]
  try {
    await writeFile(a, 'x')
    await copyFile(a, b, constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    // It can't, or there is no room to try: either way a copy has to be reckoned with.
    return false
  } finally {
    for (const path of [a, b]) await rm(path, { force: true })
  }
}
