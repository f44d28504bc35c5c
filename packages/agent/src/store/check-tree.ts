import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs'
import { type Digest, digestFromHex } from '@steadfleet/base'
import type { TreeEntry } from '@steadfleet/bundle'
import { isSystemError } from '../error.ts'
import type { Breath } from './breath.ts'
import { byFolder, Folder, nameOf } from './folder.ts'

/** One thing in which a folder is not the tree that was installed there. */
export interface Fault {
  readonly path: string
  readonly fault: 'missing' | 'extra' | 'kind' | 'mode' | 'owner' | 'target' | 'size' | 'content'
  readonly expected: string
  readonly found: string
}

/** So many faults say enough: who changed a million files is told of no fewer tries. */
const mostFaults = 100

/** What differs between a folder and its listing: every name, kind, mode, owner, link and byte. */
export async function faultsOfTree(
  place: string,
  entries: readonly TreeEntry[],
  owner: number,
  breath: Breath,
): Promise<Fault[]> {
  const faults: Fault[] = [...faultsOfEntry(place, { kind: 'directory', path: '' }, owner)]
  if (faults.some(({ fault }) => fault === 'missing' || fault === 'kind')) return faults
  for (const [path, inside] of byFolder(entries)) {
    const found = await faultsInFolder(place, { path, entries: inside }, owner, breath)
    faults.push(...found)
    if (faults.length >= mostFaults) break
  }
  return faults.slice(0, mostFaults)
}

interface Expected {
  readonly path: string
  readonly entries: readonly TreeEntry[]
}

async function faultsInFolder(
  place: string,
  { path, entries }: Expected,
  owner: number,
  breath: Breath,
): Promise<Fault[]> {
  using folder = openIfThere(place, path)
  // That it is gone or something else was told of the folder that holds it.
  if (folder === undefined) return []
  const faults: Fault[] = []
  const known = new Set(entries.map(entry => nameOf(entry.path)))
  for (const name of folder.names()) {
    if (!known.has(name)) faults.push(fault(`${path}/${name}`, 'extra', 'nothing', 'something'))
  }
  for (const entry of entries) {
    const at = folder.at(nameOf(entry.path))
    const found = faultsOfEntry(at, entry, owner)
    const isReadable = !found.some(one => one.fault === 'missing' || one.fault === 'kind')
    if (entry.kind === 'file' && isReadable)
      found.push(...(await faultsOfContent(at, entry, breath)))
    faults.push(...found)
    await breath()
  }
  return faults
}

function openIfThere(place: string, path: string): Folder | undefined {
  try {
    return Folder.open(place, path)
  } catch (error) {
    const gone = ['ENOENT', 'ENOTDIR', 'ELOOP']
    if (gone.some(code => isSystemError(error, code))) return undefined
    throw error
  }
}

function faultsOfEntry(at: string, entry: TreeEntry, owner: number): Fault[] {
  const { path } = entry
  const stats = lstatSync(at, { throwIfNoEntry: false })
  if (stats === undefined) return [fault(path, 'missing', entry.kind, 'nothing')]
  if (kindOf(stats) !== entry.kind) return [fault(path, 'kind', entry.kind, kindOf(stats))]
  const faults: Fault[] = []
  if (stats.uid !== owner) faults.push(fault(path, 'owner', String(owner), String(stats.uid)))
  if (entry.kind === 'link') {
    const target = readlinkSync(at)
    if (target !== entry.target) faults.push(fault(path, 'target', entry.target, target))
    return faults
  }
  const mode = (stats.mode & 0o7777).toString(8)
  const expected = entry.kind === 'file' ? entry.mode : '755'
  if (mode !== expected) faults.push(fault(path, 'mode', expected, mode))
  return faults
}

type FileEntry = Extract<TreeEntry, { kind: 'file' }>

async function faultsOfContent(
  at: string,
  { path, digest, size }: FileEntry,
  breath: Breath,
): Promise<Fault[]> {
  const found = await digestAt(at, breath, size)
  if (found.digest === digest && found.size === size) return []
  if (found.size !== size) return [fault(path, 'size', String(size), `${found.size} or more`)]
  return [fault(path, 'content', digest, found.digest)]
}

const pieceBytes = 64 * 1024
/** One for all: nothing is awaited between a read into it and its use. */
const piece = Buffer.alloc(pieceBytes)

/** The digest of a file's content, read no further than one byte behind `limit`; never of a pipe or through a link. */
export async function digestAt(
  path: string,
  breath: Breath,
  limit = Number.MAX_SAFE_INTEGER,
): Promise<{ digest: Digest; size: number }> {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const hash = createHash('sha256')
    let size = 0
    for (;;) {
      const length = readSync(file, piece, 0, pieceBytes, null)
      size += length
      if (length === 0 || size > limit) break
      hash.update(piece.subarray(0, length))
      await breath()
    }
    return { digest: digestFromHex(hash.digest('hex')), size }
  } finally {
    closeSync(file)
  }
}

function kindOf(stats: Stats): TreeEntry['kind'] | 'something else' {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'link' : 'something else'
}

function fault(path: string, kind: Fault['fault'], expected: string, found: string): Fault {
  return { path: path.replace(/^\//, ''), fault: kind, expected, found }
}
