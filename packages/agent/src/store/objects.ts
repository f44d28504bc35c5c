import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Digest, digestFromHex, toHexDigest } from '@steadfleet/base'
import { syncFileSystem } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'
import { digestOfFile } from './download.ts'

/**
 * Objects by digest. What is under `objects/` is whole and durable: content gets there by a rename
 * after its batch was synced, so that a cut of power leaves no torn object under its name.
 */
export class ObjectStore {
  readonly #paths: Paths

  constructor(paths: Paths) {
    this.#paths = paths
  }

  /** Where an object lies, as a plain file or as one of its executable kinds. */
  async find(digest: Digest): Promise<string | undefined> {
    for (const path of [this.pathOf(digest), `${this.pathOf(digest)}.x`]) {
      if (await isThere(path)) return path
    }
    return undefined
  }

  pathOf(digest: Digest): string {
    const hex = toHexDigest(digest)
    return join(this.#paths.objects, hex.slice(0, 2), hex)
  }

  /** Where an object is fetched into before it is known to be whole. */
  incomingPath(digest: Digest): string {
    return join(this.#paths.incoming, toHexDigest(digest))
  }

  async read(digest: Digest): Promise<Uint8Array> {
    const path = await this.find(digest)
    if (path) return readFile(path)
    const message = `cannot find object ${digest} in the store`
    throw new AgentError('agent/not-there', message, { digest })
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
      await pipeline(Readable.from(content), createWriteStream(path, { mode: 0o644 }))
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
      if (!wanted.has(digest)) continue
      if ((await digestOfFile(this.incomingPath(digest))) === digest) whole.push(digest)
    }
    return whole
  }

  /** Removes every object that is not in `live`, and all that was left half fetched. */
  async keepOnly(live: ReadonlySet<Digest>): Promise<void> {
    await this.dropIncoming()
    for (const folder of await readdir(this.#paths.objects)) {
      for (const name of await readdir(join(this.#paths.objects, folder))) {
        const isLive = live.has(digestFromHex(name.slice(0, 64)))
        if (!isLive) await rm(join(this.#paths.objects, folder, name), { force: true })
      }
    }
  }

  async dropIncoming(): Promise<void> {
    await rm(this.#paths.incoming, { recursive: true, force: true })
    await mkdir(this.#paths.incoming, { recursive: true })
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}
