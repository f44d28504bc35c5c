import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestFromHex } from '@steadfleet/base'
import { type ByteSource, makeTree, type TreeEntry, type TreeListing } from '@steadfleet/bundle'

/** A folder as a tree. Links are left out: Debian's lead outside what a pair holds. */
export interface Folder {
  readonly tree: TreeListing
  open(digest: Digest): Promise<ByteSource>
}

/** Lists and hashes a folder. */
export function folderOf(root: string): Folder {
  const files = new Map<Digest, string>()
  const entries = pathsIn(root, '').flatMap(path => entryOf(root, path, files))
  return {
    tree: makeTree(entries),
    open: async digest => await fileSource(files.get(digest) ?? ''),
  }
}

/** Links are not followed. */
function pathsIn(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? [path, ...pathsIn(root, path)] : [path]
  })
}

function entryOf(root: string, path: string, files: Map<Digest, string>): TreeEntry[] {
  const file = join(root, path)
  const stats = lstatSync(file)
  if (stats.isDirectory()) return [{ path, kind: 'directory' }]
  if (!stats.isFile()) return []
  const digest = digestFromHex(createHash('sha256').update(readFileSync(file)).digest('hex'))
  files.set(digest, file)
  const mode = (stats.mode & 0o111) === 0 ? '644' : '755'
  return [{ path, kind: 'file', digest, size: stats.size, mode }]
}

/** A file read by position. It is opened for each read: a delta is of thousands of files. */
export async function fileSource(path: string): Promise<ByteSource> {
  const { size } = lstatSync(path)
  const read: ByteSource['read'] = async (position, length, into) => {
    await using file = await open(path)
    const bytes = into?.subarray(0, length) ?? new Uint8Array(length)
    await file.read(bytes, 0, length, position)
    return bytes
  }
  return { length: size, read }
}
