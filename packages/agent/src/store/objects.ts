import { type FileHandle, lstat, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Digest, digestFromHex, digestOf, toHexDigest } from '@steadfleet/base'
import type { FileMode } from '@steadfleet/bundle'
import { syncFileSystem, withFile } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'
import { digestOfFile } from './download.ts'
import { Turns } from './turns.ts'

/** The kinds of an object, by mode: a mode belongs to an inode. The plain one has the object's own name. */
const suffixes: Readonly<Record<FileMode, string>> = {
  '644': '',
  '755': '.x',
  '2755': '.2755',
  '4755': '.4755',
  '6755': '.6755',
}

/** One file of the store: an object in one of its kinds. */
export interface ObjectFile {
  readonly digest: Digest
  readonly mode: FileMode
  readonly path: string
}

/**
 * Objects by digest. What is under `objects/` is whole and durable: content gets there by a rename
 * after its batch was synced, so that a cut of power leaves no torn object under its name.
 */
export class ObjectStore {
  readonly #paths: Paths
  /** By digest: while one brings an object, others that want it wait, and nobody collects it. */
  readonly turns = new Turns()

  constructor(paths: Paths) {
    this.#paths = paths
  }

  /** Where an object lies, as a plain file or as one of its executable kinds. */
  async find(digest: Digest): Promise<string | undefined> {
    for (const path of [this.pathOf(digest), this.kindPath(digest, '755')]) {
      if (await isThere(path)) return path
    }
    return undefined
  }

  pathOf(digest: Digest): string {
    const hex = toHexDigest(digest)
    return join(this.#paths.objects, hex.slice(0, 2), hex)
  }

  kindPath(digest: Digest, mode: FileMode): string {
    return this.pathOf(digest) + suffixes[mode]
  }

  /** The files that hold an object. */
  async kindsOf(digest: Digest): Promise<ObjectFile[]> {
    const kinds = modes.map(mode => ({ digest, mode, path: this.kindPath(digest, mode) }))
    const there = await Promise.all(kinds.map(({ path }) => isThere(path)))
    return kinds.filter((_, i) => there[i])
  }

  /** Where an object is fetched into before it is known to be whole. */
  incomingPath(digest: Digest): string {
    return join(this.#paths.incoming, toHexDigest(digest))
  }

  /** A small object's content, held against its name: `agent/damaged-object` where it is not that. */
  async read(digest: Digest): Promise<Uint8Array> {
    const path = await this.find(digest)
    if (path === undefined) {
      const message = `cannot find object ${digest} in the store`
      throw new AgentError('agent/not-there', message, { digest })
    }
    const content = await readFile(path)
    const found = digestOf(content)
    if (found === digest) return content
    const message = `cannot use object ${digest}: its content is ${found}`
    throw new AgentError('agent/damaged-object', message, { digest, found })
  }

  /** Those of `digests` that are not here. */
  async missing(digests: Iterable<Digest>): Promise<Digest[]> {
    const missing: Digest[] = []
    for (const digest of digests) {
      if ((await this.find(digest)) === undefined) missing.push(digest)
    }
    return missing
  }

  /** Writes content aside; {@link admit} makes it an object. The caller vouches for the digest. */
  async stage(digest: Digest, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.incomingPath(digest)
    try {
      await withFile(path, 'w', 0o644, file => writePieces(file, content))
    } catch (error) {
      await rm(path, { force: true })
      throw orDiskFull(error)
    }
  }

  /** Makes staged, checked content into objects: one sync before the renames, and one after. */
  async admit(digests: readonly Digest[]): Promise<void> {
    if (digests.length === 0) return
    await syncFileSystem(this.#paths.incoming)
    for (const digest of digests) {
      const path = this.pathOf(digest)
      await mkdir(dirname(path), { recursive: true })
      await rename(this.incomingPath(digest), path)
    }
    await syncFileSystem(this.#paths.objects)
  }

  /** Of what an interrupted fetch staged, the objects that are whole; the others stay to be gone on with. */
  async staged(wanted: ReadonlySet<Digest>): Promise<Digest[]> {
    const names = await readdir(this.#paths.incoming)
    const whole: Digest[] = []
    for (const name of names.filter(one => /^[0-9a-f]{64}$/.test(one))) {
      const digest = digestFromHex(name)
      if (!wanted.has(digest) || this.turns.isTaken(digest)) continue
      if ((await digestOfFile(this.incomingPath(digest))) === digest) whole.push(digest)
    }
    return whole
  }

  /** The folders of the store, by the first byte of what they hold. */
  async folders(): Promise<string[]> {
    const names = await readdir(this.#paths.objects)
    return names.filter(name => /^[0-9a-f]{2}$/.test(name)).sort()
  }

  /** What one folder holds; `strangers` are names that no object has. */
  async filesIn(folder: string): Promise<{ files: ObjectFile[]; strangers: string[] }> {
    const names = (await readdir(join(this.#paths.objects, folder))).sort()
    const files = names.flatMap(name => this.#fileOf(folder, name) ?? [])
    const known = new Set(files.map(({ path }) => path))
    const paths = names.map(name => join(this.#paths.objects, folder, name))
    return { files, strangers: paths.filter(path => !known.has(path)) }
  }

  #fileOf(folder: string, name: string): ObjectFile | undefined {
    const mode = modes.find(one => suffixes[one] === name.slice(64))
    const hex = name.slice(0, 64)
    if (mode === undefined || !/^[0-9a-f]{64}$/.test(hex) || !hex.startsWith(folder))
      return undefined
    const digest = digestFromHex(hex)
    return { digest, mode, path: this.kindPath(digest, mode) }
  }
}

/** So much is written at once: each write costs a turn of another thread. */
const writeLength = 256 * 1024

/** Writes pieces of which each is good only until the next one is asked for. */
async function writePieces(file: FileHandle, content: AsyncIterable<Uint8Array>): Promise<void> {
  let gathered: Uint8Array | undefined
  let length = 0
  for await (const piece of content) {
    if (gathered === undefined || length + piece.length > gathered.length) {
      if (gathered) await file.writeFile(gathered.subarray(0, length))
      await file.writeFile(piece)
      // Most objects are one piece.
      gathered ??= new Uint8Array(writeLength)
      length = 0
    } else {
      gathered.set(piece, length)
      length += piece.length
    }
  }
  if (gathered) await file.writeFile(gathered.subarray(0, length))
}

const modes: readonly FileMode[] = ['644', '755', '2755', '4755', '6755']

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}
