import { constants } from 'node:fs'
import { chmod, copyFile, link, lstat, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Digest } from '@steadfleet/base'
import { type FileEntry, parseTree, type TreeEntry, type TreeListing } from '@steadfleet/bundle'
import { syncDirectory, syncFileSystem } from '../disk/durable.ts'
import { type Paths, treePath } from '../disk/paths.ts'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'
import { byFolder, Folder, nameOf } from './folder.ts'
import type { ObjectStore } from './objects.ts'
import { Turns } from './turns.ts'

/** Trees laid out from objects by hard links, so that what two revisions share lies there once. */
export class TreeStore {
  readonly #paths: Paths
  readonly #objects: ObjectStore
  /** By tree: it is laid out, put right and removed by one at a time. */
  readonly #turns = new Turns()

  constructor(paths: Paths, objects: ObjectStore) {
    this.#paths = paths
    this.#objects = objects
  }

  async listing(tree: Digest): Promise<TreeListing> {
    return parseTree(await this.#objects.read(tree))
  }

  /** Lays the tree out beside its place and renames it there when all of it is durable. */
  install(tree: Digest): Promise<number> {
    return this.#turns.alone(tree, async () => {
      const isThere = await exists(treePath(this.#paths, tree))
      return isThere ? 0 : this.#layOut(tree)
    })
  }

  /** Lays the tree out anew, whatever stands in its place: apps that run in that keep it until they end. */
  rebuild(tree: Digest): Promise<number> {
    return this.#turns.alone(tree, () => this.#layOut(tree))
  }

  remove(tree: Digest): Promise<void> {
    return this.#turns.alone(tree, () => this.#discard(treePath(this.#paths, tree)))
  }

  async #layOut(tree: Digest): Promise<number> {
    const place = treePath(this.#paths, tree)
    const draft = join(this.#paths.building, basename(place))
    const { entries } = await this.listing(tree)
    try {
      await rm(draft, { recursive: true, force: true })
      await mkdir(draft, { recursive: true })
      for (const [path, inside] of byFolder(entries)) await this.#layFolder(draft, path, inside)
      await syncFileSystem(this.#paths.building)
    } catch (error) {
      await rm(draft, { recursive: true, force: true })
      throw orMeddled(orDiskFull(error), tree)
    }
    // A cut of power between the two leaves no tree; the objects for it are there, and it is laid out again.
    await this.#discard(place)
    await rename(draft, place)
    await syncDirectory(this.#paths.trees)
    await this.#shareCopies(place, entries)
    return entries.length
  }

  /** Out of its place by one rename, so that half a tree never stands there. */
  async #discard(place: string): Promise<void> {
    const gone = join(this.#paths.building, `${basename(place)}.gone`)
    await rm(gone, { recursive: true, force: true })
    if (!(await exists(place))) return
    await rename(place, gone)
    await syncDirectory(this.#paths.trees)
    await rm(gone, { recursive: true, force: true })
  }

  async #layFolder(root: string, path: string, entries: readonly TreeEntry[]): Promise<void> {
    using folder = Folder.open(root, path)
    for (const entry of entries) await this.#lay(folder.at(nameOf(entry.path)), entry)
  }

  async #lay(at: string, entry: TreeEntry): Promise<void> {
    switch (entry.kind) {
      case 'directory':
        return await mkdir(at, { mode: 0o755 })
      case 'link':
        return await symlink(entry.target, at)
      case 'file':
        return await this.#layFile(at, entry)
    }
  }

  /** A kind that is not there is copied into the tree first: it is shared only once the tree is durable. */
  async #layFile(at: string, entry: FileEntry): Promise<void> {
    const { digest, mode } = entry
    // Another tree laid out beside this one may make the kind, and drop the plain one, in between.
    for (let tries = 0; tries < 2; tries++) {
      if (await tryLink(this.#objects.kindPath(digest, mode), at)) return
      const source = await this.#objects.find(digest)
      if (source && (await tryCopy(source, at))) return await chmod(at, Number.parseInt(mode, 8))
    }
    const message = `cannot lay out ${entry.path}: object ${digest} is not here`
    throw new AgentError('agent/not-there', message, { digest })
  }

  /** Files that were copied become kinds of their objects; a plain one no tree uses makes room. */
  async #shareCopies(place: string, entries: readonly TreeEntry[]): Promise<void> {
    const folders = new Set<string>()
    const unneeded: string[] = []
    for (const entry of entries) {
      if (entry.kind !== 'file' || entry.mode === '644') continue
      const kind = this.#objects.kindPath(entry.digest, entry.mode)
      if (!(await this.#share(join(place, entry.path), kind))) continue
      folders.add(dirname(kind))
      if (entry.mode === '755') unneeded.push(this.#objects.pathOf(entry.digest))
    }
    // Until the new names are durable the old ones are all that the store has of these objects.
    for (const folder of folders) await syncDirectory(folder)
    for (const path of unneeded) await dropIfUnused(path)
  }

  /** False where the kind is there already: another tree had the same. */
  async #share(copy: string, kind: string): Promise<boolean> {
    if (await exists(kind)) return false
    await mkdir(dirname(kind), { recursive: true })
    return tryLink(copy, kind)
  }
}

/** What stands where nothing was, or is no folder any more, was put there by somebody else. */
function orMeddled(error: unknown, tree: Digest): unknown {
  if (!['EEXIST', 'ENOTDIR', 'ELOOP'].some(code => isSystemError(error, code))) return error
  const message = `cannot lay out tree ${tree}: somebody else writes where it is built`
  return new AgentError('agent/damaged-tree', message, { tree }, { cause: error })
}

/** Executables are most of a tree's bytes: one that is only ever executed is kept once, not twice. */
async function dropIfUnused(path: string): Promise<void> {
  if ((await exists(path)) && (await lstat(path)).nlink === 1) await rm(path, { force: true })
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (['ENOENT', 'EMLINK', 'EEXIST'].some(code => isSystemError(error, code))) return false
    throw error
  }
}

/** False where what was there a moment ago is gone. */
async function tryCopy(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}
