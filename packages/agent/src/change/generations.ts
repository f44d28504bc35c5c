import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decodeGeneration,
  emptyGeneration,
  encodeGeneration,
  type Generation,
  type GenerationPackage,
} from '@steadfleet/engine'
import { type Copies, copiesOf, readCopies, writeCopies } from '../disk/copies.ts'
import { syncDirectory } from '../disk/durable.ts'
import { generationPath, type Paths } from '../disk/paths.ts'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'

/** Writes a sealed generation. Until a plan names it or the pointer points to it, it is nobody's. */
export async function writeGeneration(paths: Paths, generation: Generation): Promise<void> {
  const directory = generationPath(paths, generation.number)
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    throw orDiskFull(error)
  }
  await writeCopies(recordCopies(paths, generation.number), encodeGeneration(generation))
  await syncDirectory(paths.generations)
}

/** The whole record of this number, if there is one; number 0 is the empty one that needs no file. */
export async function readGeneration(
  paths: Paths,
  number: number,
): Promise<Generation | undefined> {
  if (number === 0) return emptyGeneration
  return (await readCopies(recordCopies(paths, number), body => numbered(number, body))).value
}

function numbered(number: number, body: Uint8Array): Generation {
  const generation = decodeGeneration(body)
  if (generation.number === number) return generation
  const message = `cannot read generation ${number}: its record says ${generation.number}`
  throw new AgentError('agent/not-there', message, { number })
}

function recordCopies(paths: Paths, number: number): Copies {
  return copiesOf(join(generationPath(paths, number), 'generation.json'), 3)
}

/** What the one pointer names. */
export async function currentGeneration(paths: Paths): Promise<Generation> {
  const number = (await readPointer(paths)) ?? 0
  const generation = await readGeneration(paths, number)
  if (generation) return generation
  throw new TypeError(`generation ${number} is not there`)
}

/** The number that the one pointer names, or undefined where there is none. */
export async function readPointer(paths: Paths): Promise<number | undefined> {
  return (await readLink(paths.current)) ?? readLink(copyOf(paths))
}

async function readLink(path: string): Promise<number | undefined> {
  try {
    const name = (await readlink(path)).split('/').at(-1) ?? ''
    return /^[1-9][0-9]*$/.test(name) ? Number(name) : undefined
  } catch (error) {
    // A file that is no link is a torn pointer; its copy is the other way.
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EINVAL')) return undefined
    throw error
  }
}

/** Activation, and every way back: one atomic rename. The copy counts where the pointer is torn. */
export async function pointTo(paths: Paths, number: number): Promise<void> {
  const pointers = [paths.current, copyOf(paths)]
  try {
    // To nothing from the copy on: else the copy would still say what is no more.
    for (const path of number === 0 ? pointers.reverse() : pointers) await linkTo(path, number)
  } catch (error) {
    throw orDiskFull(error)
  } finally {
    await syncDirectory(paths.root)
  }
}

async function linkTo(path: string, number: number): Promise<void> {
  const draft = `${path}.new`
  await rm(draft, { force: true })
  if (number > 0 && (await readLink(path)) === number) return
  if (number === 0) return await rm(path, { force: true })
  await symlink(join('generations', String(number)), draft)
  await rename(draft, path)
}

function copyOf({ current }: Paths): string {
  return `${current}.copy`
}

export async function generationNumbers(paths: Paths): Promise<number[]> {
  const names = await readdir(paths.generations)
  return names
    .map(Number)
    .filter(Number.isSafeInteger)
    .sort((a, b) => a - b)
}

/** The packages of every generation that is here. */
export async function keptPackages(paths: Paths): Promise<GenerationPackage[]> {
  const numbers = await generationNumbers(paths)
  const kept = await Promise.all(numbers.map(number => readGeneration(paths, number)))
  return kept.flatMap(one => one?.packages ?? [])
}

/** The newest whole generation that is older than `number`: what there is to go back to. */
export async function earlierThan(paths: Paths, number: number): Promise<Generation | undefined> {
  const earlier = (await generationNumbers(paths)).filter(one => one < number && one > 0)
  for (const one of earlier.reverse()) {
    const generation = await readGeneration(paths, one)
    if (generation) return generation
  }
  return undefined
}

/** What stays of a device that runs `current`: that, and what there is to go back to. */
export async function keptWith(paths: Paths, current: Generation): Promise<Generation[]> {
  const before = await earlierThan(paths, current.number)
  return before ? [current, before] : [current]
}
