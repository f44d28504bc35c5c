import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'

/** Kept free: enough to fetch a small release, too little to copy what an app has stored. */
const leftFree = 600 * 1024

const filler = (paths: Paths): string => join(paths.root, '..', 'filler')

/** Somebody else's file leaves hardly any room. */
export function fillDisk(paths: Paths): void {
  const { bavail, bsize } = statfsSync(paths.root)
  const file = openSync(filler(paths), 'w')
  writeSync(file, Buffer.alloc(Math.max(0, bavail * bsize - leftFree), 1))
  fsyncSync(file)
  closeSync(file)
}

export function emptyDisk(paths: Paths): void {
  rmSync(filler(paths), { force: true })
}

/** One byte of a file of the store is another, and the store is due to be read. */
export function damageAnObject(paths: Paths): void {
  const file = objectFiles(paths).find(one => readFileSync(one, 'utf8').startsWith(damageable))
  if (file === undefined) throw new Error('cannot damage an object: there is none to be damaged')
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, 'X', damageable.length + 1)
  fsyncSync(descriptor)
  closeSync(descriptor)
  const due = { folder: '', due: 1, objects: 0, damaged: 0 }
  writeFileSync(paths.scrub, JSON.stringify(due))
}

/** The pass that was due is over, and the next one is due another day. */
export function isScrubbed({ scrub }: Paths): boolean {
  const { folder, due } = JSON.parse(readFileSync(scrub, 'utf8'))
  return folder === '' && due > Date.now()
}

/** How the content begins of a file in each release that nobody executes. */
export const damageable = 'something to read in '

function objectFiles({ objects }: Paths): string[] {
  return readdirSync(objects, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}
