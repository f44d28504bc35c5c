import { copyFile, rename } from 'node:fs/promises'
import type { Digest } from '@steadfleet/base'
import { PackError } from './error.ts'
import { hashFile, readInPieces } from './hash.ts'
import type { ObjectContent } from './object-content.ts'
import { ContentStore } from './store.ts'

/** Content that releases were built from. */
export interface InputStore {
  /** A file that holds exactly this content, or undefined where there is none. */
  find(digest: Digest): Promise<string | undefined>
}

/** Inputs in an archive: files by their digests. What does not have its digest is not there. */
export function archivedInputs(folder: string): InputStore {
  const store = new ContentStore(folder)
  return {
    async find(digest) {
      if (!(await store.has(digest))) return undefined
      const path = store.pathOf(digest)
      return (await hashFile(Buffer.from(path))).digest === digest ? path : undefined
    },
  }
}

/** The first of these stores that has it. */
export function anyOf(stores: readonly InputStore[]): InputStore {
  return {
    async find(digest) {
      for (const store of stores) {
        const path = await store.find(digest)
        if (path !== undefined) return path
      }
      return undefined
    },
  }
}

/** Puts inputs into an archive, each once; gives how many were new to it. */
export async function archiveInputs(
  folder: string,
  inputs: ReadonlyMap<Digest, ObjectContent>,
): Promise<number> {
  const store = new ContentStore(folder)
  let added = 0
  for (const [digest, content] of inputs) {
    if (await store.has(digest)) continue
    const put = await store.put(
      'bytes' in content ? once(content.bytes) : readInPieces(content.file),
    )
    if (put.digest !== digest) throw changed(digest, put.digest)
    added += 1
  }
  return added
}

/** An input that must be there, by digest; `what` names it to people. */
export async function findInput(store: InputStore, digest: Digest, what: string): Promise<string> {
  const path = await store.find(digest)
  if (path !== undefined) return path
  const message = `cannot find input ${what}: nothing here has digest ${digest}`
  throw new PackError('pack/input-gone', message, { what, digest })
}

/** Lays an input at a path, whole or not at all. */
export async function layInput(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}.new`)
  await rename(`${to}.new`, to)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function changed(was: Digest, is: Digest): PackError {
  return new PackError('pack/changed', `cannot archive ${was}: it has become ${is}`, { was, is })
}
