import { constants } from 'node:fs'
import { chmod, copyFile, link, mkdir, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Digest } from '@steadfleet/base'
import { parseTree, type TreeEntry, type TreeListing } from '@steadfleet/bundle'
import { syncDirectory, syncFileSystem } from '../disk/durable.ts'
import { type Paths, treePath } from '../disk/paths.ts'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'
import type { ObjectStore } from './objects.ts'

type FileEntry = Extract<TreeEntry, { kind: 'file' }>

/** The kinds of an object, by mode; the plain one has the object's own name. */
const suffixes: Readonly<Record<FileEntry['mode'], string>> = {
  '644': '',
  '755': '.x',
  '2755': '.2755',
  '4755': '.4755',
  '6755': '.6755',
}

/** Trees laid out from objects by hard links, so that what two revisions share lies there once. */
export class TreeStore {
  readonly #paths: Paths
  readonly #objects: ObjectStore

  constructor(paths: Paths, objects: ObjectStore) {
    this.#paths = paths
    this.#objects = objects
  }

  async listing(tree: Digest): Promise<TreeListing> {
    return parseTree(await this.#objects.read(tree))
  }

  /** Lays the tree out beside its place and renames it there when all of it is durable. */
  async install(tree: Digest): Promise<number> {
    const place = treePath(this.#paths, tree)
    if (await exists(place)) return 0
    const draft = `${place}.partial`
    await rm(draft, { recursive: true, force: true })
    const { entries } = await this.listing(tree)
    try {
      await mkdir(draft, { recursive: true })
      for (const entry of entries) await this.#lay(draft, entry)
      await syncFileSystem(this.#paths.trees)
    } catch (error) {
      await rm(draft, { recursive: true, force: true })
      throw orDiskFull(error)
    }
    await rename(draft, place)
    await syncDirectory(this.#paths.trees)
    await this.#shareCopies(place, entries)
    return entries.length
  }

  async remove(tree: Digest): Promise<void> {
    const place = treePath(this.#paths, tree)
    await rm(`${place}.partial`, { recursive: true, force: true })
    await rm(place, { recursive: true, force: true })
  }

  async #lay(root: string, entry: TreeEntry): Promise<void> {
    const path = join(root, entry.path)
    switch (entry.kind) {
      case 'directory':
        return await mkdir(path, { mode: 0o755 })
      case 'link':
        return await symlink(entry.target, path)
      case 'file':
        return await this.#layFile(path, entry)
    }
  }

  /**
   * A mode belongs to an inode, so each kind of an object has one of its own. A kind that is not
   * there is copied into the tree first: it becomes shared only once the tree is durable.
   */
  async #layFile(path: string, entry: FileEntry): Promise<void> {
    const kind = this.#kindPath(entry)
    if (await tryLink(kind, path)) return
    const source = await this.#objects.find(entry.digest)
    if (source === undefined) {
      const message = `cannot lay out ${entry.path}: object ${entry.digest} is not here`
      throw new AgentError('agent/not-there', message, { digest: entry.digest })
    }
    await copyFile(source, path, constants.COPYFILE_FICLONE)
    await chmod(path, Number.parseInt(entry.mode, 8))
  }

  #kindPath({ digest, mode }: FileEntry): string {
    return this.#objects.pathOf(digest) + suffixes[mode]
  }

  /** Files that were copied become kinds of their objects; a plain one no tree uses makes room. */
  async #shareCopies(place: string, entries: readonly TreeEntry[]): Promise<void> {
    for (const entry of entries) {
      if (entry.kind !== 'file' || entry.mode === '644') continue
      const kind = this.#kindPath(entry)
      if (await exists(kind)) continue
      await mkdir(dirname(kind), { recursive: true })
      await link(join(place, entry.path), kind)
      if (entry.mode === '755') await dropIfUnused(this.#objects.pathOf(entry.digest))
    }
  }
}

/** Executables are most of a tree's bytes: one that is only ever executed is kept once, not twice. */
async function dropIfUnused(path: string): Promise<void> {
  if ((await exists(path)) && (await stat(path)).nlink === 1) await rm(path, { force: true })
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EMLINK')) return false
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}
