import { constants, lstatSync } from 'node:fs'
import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { syncFileSystem } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import type { Breath } from './breath.ts'
import { digestAt } from './check-tree.ts'
import type { ObjectFile } from './objects.ts'

/** What is set aside to be looked at; the oldest gives way. */
const mostBytes = 64 * 1024 * 1024

/** What an object's file is instead of what its name says, or undefined. Its own error tells it. */
export async function damageOf(
  { digest, path }: ObjectFile,
  breath: Breath,
): Promise<AgentError | undefined> {
  const isFile = lstatSync(path).isFile()
  const found = isFile ? (await digestAt(path, breath)).digest : 'no file'
  if (found === digest) return undefined
  const message = `cannot use object ${digest}: its content is ${found}`
  return new AgentError('agent/damaged-object', message, { digest, found })
}

/** The mode or owner of a file with the right content, where they are not what its name says. */
export function wrongRights({ digest, path, mode }: ObjectFile): AgentError | undefined {
  const { uid, mode: bits } = lstatSync(path)
  const found = `${(bits & 0o7777).toString(8)} of ${uid}`
  const expected = `${mode} of ${process.getuid?.() ?? 0}`
  if (found === expected) return undefined
  const message = `cannot use object ${digest}: its mode and owner are ${found}, not ${expected}`
  return new AgentError('agent/damaged-object', message, { digest, expected, found })
}

/** Out of every tree's way: nothing is laid out from it any more. What is in trees by it stays there. */
export async function setAside(paths: Paths, path: string): Promise<void> {
  await mkdir(paths.damaged, { recursive: true, mode: 0o700 })
  await rename(path, join(paths.damaged, basename(path)))
  await forgetOldest(paths)
}

/** Gives a right content an inode of its own with the right mode and owner. */
export async function giveRights(paths: Paths, { path, mode }: ObjectFile): Promise<void> {
  const draft = join(paths.building, basename(path))
  await rm(draft, { recursive: true, force: true })
  await copyFile(path, draft, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  await chmod(draft, Number.parseInt(mode, 8))
  await syncFileSystem(paths.building)
  await rename(draft, path)
}

async function forgetOldest({ damaged }: Paths): Promise<void> {
  const names = await readdir(damaged)
  const files = await Promise.all(
    names.map(async name => ({ name, ...sizeAndTime(await stat(join(damaged, name))) })),
  )
  let bytes = 0
  for (const { name, size } of files.sort((a, b) => b.at - a.at)) {
    bytes += size
    if (bytes > mostBytes) await rm(join(damaged, name), { recursive: true, force: true })
  }
}

function sizeAndTime({ size, ctimeMs }: { size: number; ctimeMs: number }) {
  return { size, at: ctimeMs }
}
