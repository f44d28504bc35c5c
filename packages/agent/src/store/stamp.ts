import { createHash } from 'node:crypto'
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Breath } from './breath.ts'

/** What the file system says of a whole folder: while it says the same, nobody wrote to it by way of it. */
export interface Stamp {
  readonly digest: string
  /** The newest change of any inode in it, in nanoseconds since 1970. */
  readonly newest: bigint
}

/** Inode, kind, mode, owner, size and times of all that lies in a folder; no file is opened. */
export async function stampOf(place: string, breath: Breath): Promise<Stamp> {
  const hash = createHash('sha256')
  let newest = 0n
  const take = (name: string, stats: BigIntStats) => {
    hash.update(lineOf(name, stats))
    if (stats.ctimeNs > newest) newest = stats.ctimeNs
  }
  const folders = ['']
  take('', lstatSync(place, { bigint: true }))
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    for (const name of readdirSync(join(place, path)).sort()) {
      const inside = join(path, name)
      const stats = lstatSync(join(place, inside), { bigint: true })
      take(inside, stats)
      if (stats.isDirectory()) folders.push(inside)
      await breath()
    }
  }
  return { digest: hash.digest('hex'), newest }
}

function lineOf(name: string, { dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs }: BigIntStats) {
  return [name, dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs, ''].join('\0')
}
