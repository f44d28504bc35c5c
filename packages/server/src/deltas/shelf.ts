import { readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { ifThere, removeIfThere } from '../disk/durable.ts'

/** Deltas that are kept, as files of one folder. The time of a file is when it was last asked for. */
export interface Shelf {
  /** Whether it is here; noted as asked for. */
  take(name: string): Promise<boolean>
  has(name: string): Promise<boolean>
  /** Puts a finished file in its place; what was not asked for the longest makes room. */
  put(draft: string, name: string): Promise<void>
}

/** Names of this form alone are deltas; a draft has another. */
const form = /^[0-9a-f]{64}-[0-9a-f]{64}$/

/** A shelf that takes at most `limit` bytes. */
export function openShelf(folder: string, limit: number, now: () => Date): Shelf {
  const has = async (name: string): Promise<boolean> =>
    (await ifThere(stat(join(folder, name)))) !== undefined
  return {
    has,
    async take(name) {
      const at = now()
      return (await ifThere(utimes(join(folder, name), at, at).then(() => true))) ?? false
    },
    async put(draft, name) {
      await makeRoom(folder, limit - (await stat(draft)).size)
      const at = now()
      await utimes(draft, at, at)
      await rename(draft, join(folder, name))
    },
  }
}

async function makeRoom(folder: string, limit: number): Promise<void> {
  const kept: { path: string; bytes: number; usedAt: number }[] = []
  for (const name of (await readdir(folder)).filter(one => form.test(one))) {
    const path = join(folder, name)
    const found = await ifThere(stat(path))
    if (found) kept.push({ path, bytes: found.size, usedAt: found.mtimeMs })
  }
  let left = limit
  for (const { path, bytes } of kept.sort((a, b) => b.usedAt - a.usedAt)) {
    left -= bytes
    // Who is being sent it has it open, and gets it whole.
    if (left < 0) await removeIfThere(path)
  }
}

/** Removes all that no delta's name has: what a crash left. */
export async function removeStrangers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!form.test(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
