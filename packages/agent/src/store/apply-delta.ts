import { type FileHandle, open } from 'node:fs/promises'
import { type Digest, isCoded } from '@steadfleet/base'
import {
  type ByteSource,
  type DeltaTarget,
  objectsOf,
  parseTree,
  readDelta,
} from '@steadfleet/bundle'
import { AgentError } from '../error.ts'
import { digestOfFile } from './download.ts'
import type { ObjectStore } from './objects.ts'

/** A delta that was fetched, and what is to be made of it. */
export interface DeltaJob {
  /** The file. */
  readonly path: string
  readonly base: Digest
  readonly tree: Digest
  /** Bytes of the new tree's listing, and of that and all its files. */
  readonly listing: number
  readonly bytes: number
  /** The objects that are wanted; the others are passed over. */
  readonly wanted: readonly Digest[]
}

/** Makes the wanted objects of a delta and stages them; yields each that is whole and was checked. */
export async function* applyDelta(objects: ObjectStore, job: DeltaJob): AsyncGenerator<Digest> {
  const base = await objects.read(job.base)
  await using files = new OpenFiles(objects)
  const wanted = new Set(job.wanted)
  const target: DeltaTarget = {
    from: base,
    tree: job.tree,
    listing: job.listing,
    bytes: job.bytes,
    open: digest => files.open(digest),
    done: { has: digest => !wanted.has(digest) },
  }
  try {
    for await (const { digest, content } of readDelta(await files.openDelta(job.path), target)) {
      if (!wanted.has(digest)) continue
      await objects.stage(digest, content)
      yield digest
    }
  } catch (error) {
    if (isOfBase(error)) await refuseDamagedBase(objects, base, error)
    throw error
  }
}

/** What a delta comes to that is sound and meets old objects that are not. */
function isOfBase(error: unknown): boolean {
  return ['bundle/digest', 'bundle/instructions', 'bundle/base'].some(code => isCoded(error, code))
}

/** Nobody is told to have lied where it was this device's own old object that was changed. */
async function refuseDamagedBase(
  objects: ObjectStore,
  base: Uint8Array,
  cause: unknown,
): Promise<void> {
  for (const { digest } of objectsOf(parseTree(base))) {
    const path = await objects.find(digest)
    const found = path && (await digestOfFile(path))
    if (found === digest) continue
    const message = `cannot apply a delta: old object ${digest} is not what it was`
    throw new AgentError('agent/damaged-object', message, { digest }, { cause })
  }
}

/** The delta, and the one old object that is read at a time. */
class OpenFiles implements AsyncDisposable {
  readonly #objects: ObjectStore
  #delta: FileHandle | undefined
  #old: FileHandle | undefined

  constructor(objects: ObjectStore) {
    this.#objects = objects
  }

  async openDelta(path: string): Promise<ByteSource> {
    this.#delta = await open(path)
    return this.#toSource(this.#delta)
  }

  async open(digest: Digest): Promise<ByteSource> {
    await this.#old?.close()
    this.#old = undefined
    const path = await this.#objects.find(digest)
    if (path === undefined) {
      const message = `cannot apply a delta: old object ${digest} is not here`
      throw new AgentError('agent/not-there', message, { digest })
    }
    this.#old = await open(path)
    return this.#toSource(this.#old)
  }

  async #toSource(file: FileHandle): Promise<ByteSource> {
    const { size } = await file.stat()
    return {
      length: size,
      read: async (position, length, into) => {
        const bytes = into?.subarray(0, length) ?? new Uint8Array(length)
        for (let done = 0; done < length; ) {
          const part = await file.read(bytes, done, length - done, position + done)
          if (part.bytesRead === 0) throw new RangeError(`a file ends at ${position + done}`)
          done += part.bytesRead
        }
        return bytes
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#old?.close()
    await this.#delta?.close()
  }
}
