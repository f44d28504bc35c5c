import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestFromHex } from '@steadfleet/base'
import type { Paths } from '../disk/paths.ts'
import { isSystemError } from '../error.ts'
import type { ObjectStore } from './objects.ts'

/** What a file of the store takes, and who may need it. */
interface Held {
  readonly path: string
  readonly bytes: number
  readonly at: number
  readonly isNeeded: boolean
}

/** Whose objects stay. */
export interface Needed {
  /** Of what is here for good. */
  readonly live: ReadonlySet<Digest>
  /** Trees and objects of what is being fetched, or may be again: of these what is half fetched stays, too. */
  readonly coming: ReadonlySet<Digest>
}

/**
 * Removes what nobody needs: objects, and what was left half fetched. While all together is under `limit`
 * bytes it stays, since it may be wanted again; the oldest goes first.
 */
export async function collectObjects(
  paths: Paths,
  objects: ObjectStore,
  { live, coming }: Needed,
  limit: number,
): Promise<void> {
  const isFetched = (digest: Digest) => coming.has(digest) || objects.turns.isTaken(digest)
  const isNeeded = (digest: Digest) => live.has(digest) || isFetched(digest)
  const held = [
    ...(await heldObjects(objects, isNeeded)),
    ...(await heldIncoming(paths, isFetched)),
  ]
  const needed = held.filter(one => one.isNeeded).reduce((sum, { bytes }) => sum + bytes, 0)
  let room = limit - needed
  for (const { path, bytes } of held.filter(one => !one.isNeeded).sort((a, b) => b.at - a.at)) {
    room -= bytes
    if (room < 0) await rm(path, { recursive: true, force: true })
  }
}

async function heldObjects(
  objects: ObjectStore,
  needs: (digest: Digest) => boolean,
): Promise<Held[]> {
  const held: Held[] = []
  for (const folder of await objects.folders()) {
    const { files, strangers } = await objects.filesIn(folder)
    for (const { path, digest } of files) held.push(...(await heldAt(path, needs(digest))))
    for (const path of strangers) held.push(...(await heldAt(path, false)))
  }
  return held
}

/** A file is of the object or the tree that its name begins with. */
async function heldIncoming(
  { incoming }: Paths,
  isFetched: (digest: Digest) => boolean,
): Promise<Held[]> {
  const names = await readdir(incoming)
  const held = names.map(name => {
    const hex = name.slice(0, 64)
    const isNeeded = /^[0-9a-f]{64}$/.test(hex) && isFetched(digestFromHex(hex))
    return heldAt(join(incoming, name), isNeeded)
  })
  return (await Promise.all(held)).flat()
}

async function heldAt(path: string, isNeeded: boolean): Promise<Held[]> {
  try {
    const { size, ctimeMs } = await lstat(path)
    return [{ path, bytes: size, at: ctimeMs, isNeeded }]
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}
