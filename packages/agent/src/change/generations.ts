import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decodeGeneration,
  emptyGeneration,
  encodeGeneration,
  type Generation,
} from '@steadfleet/engine'
import { readIfThere, syncDirectory, writeDurably } from '../disk/durable.ts'
import { generationPath, type Paths } from '../disk/paths.ts'
import { isSystemError, orDiskFull } from '../error.ts'

/** Writes a sealed generation. Until a plan names it or the pointer points to it, it is nobody's. */
export async function writeGeneration(paths: Paths, generation: Generation): Promise<void> {
  const directory = generationPath(paths, generation.number)
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    throw orDiskFull(error)
  }
  await writeDurably(join(directory, 'generation.json'), encodeGeneration(generation))
  await syncDirectory(paths.generations)
}

/** The generation of this number; number 0 is the empty one that needs no file. */
export async function readGeneration(
  paths: Paths,
  number: number,
): Promise<Generation | undefined> {
  if (number === 0) return emptyGeneration
  const bytes = await readIfThere(join(generationPath(paths, number), 'generation.json'))
  return bytes && decodeGeneration(bytes)
}

/** The number that the one pointer names, or undefined where there is none yet. */
export async function readPointer(paths: Paths): Promise<number | undefined> {
  try {
    const target = await readlink(paths.current)
    const number = Number(target.split('/').at(-1))
    return Number.isSafeInteger(number) ? number : undefined
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Activation, and every way back: one atomic rename. */
export async function pointTo(paths: Paths, number: number): Promise<void> {
  const draft = `${paths.current}.new`
  await rm(draft, { force: true })
  try {
    if (number === 0) return await rm(paths.current, { force: true })
    await symlink(join('generations', String(number)), draft)
    await rename(draft, paths.current)
  } catch (error) {
    throw orDiskFull(error)
  } finally {
    await syncDirectory(paths.root)
  }
}

export async function generationNumbers(paths: Paths): Promise<number[]> {
  const names = await readdir(paths.generations)
  return names
    .map(Number)
    .filter(Number.isSafeInteger)
    .sort((a, b) => a - b)
}

/** The newest generation that is older than `number`: what there is to go back to. */
export async function earlierThan(paths: Paths, number: number): Promise<Generation | undefined> {
  const earlier = (await generationNumbers(paths)).filter(one => one < number).at(-1)
  return earlier === undefined ? undefined : readGeneration(paths, earlier)
}
