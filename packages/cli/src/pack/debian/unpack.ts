import { spawn } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { type Digest, toHexDigest } from '@steadfleet/base'
import { PackError } from '../error.ts'
import type { Found, FoundFile } from '../source.ts'
import type { ContentStore } from '../store.ts'
import { readTar, type TarEntry } from '../tar.ts'

/**
 * What a .deb file holds, its contents put into `store`. Nothing is written under a name of the
 * archive's choosing, and no script of the package's is looked at.
 */
export async function unpackDebian(file: string, store: ContentStore): Promise<Found[]> {
  const found: Found[] = []
  const files = new Map<string, FoundFile>()
  for await (const entry of readTar(tarOf(file))) {
    const one = await toFound(entry, files, store)
    if (one.kind === 'file') files.set(one.path, one)
    found.push(one)
  }
  return found
}

async function toFound(
  entry: TarEntry,
  files: ReadonlyMap<string, FoundFile>,
  store: ContentStore,
): Promise<Found> {
  const { path } = entry
  switch (entry.kind) {
    case 'directory':
      return { path, kind: 'directory' }
    case 'link':
      return { path, kind: 'link', target: entry.target }
    case 'hard link':
      return { ...heldBy(files, entry.target), path }
    case 'file': {
      const { digest, size } = await store.put(entry.content)
      const content = store.pathOf(digest)
      return { path, kind: 'file', digest, size, mode: entry.mode, content, isPackaged: true }
    }
  }
}

function heldBy(files: ReadonlyMap<string, FoundFile>, target: string): FoundFile {
  const held = files.get(target)
  if (held) return held
  const message = `cannot read archive: a hard link names ${JSON.stringify(target)}, which is not before it`
  throw new PackError('pack/archive', message, { target })
}

/** The archive inside the .deb, decompressed by dpkg-deb as it is read. */
async function* tarOf(file: string): AsyncGenerator<Uint8Array> {
  const child = spawn('dpkg-deb', ['--fsys-tarfile', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<string | undefined>(resolve => {
    child.on('error', fault => resolve(fault.message))
    child.on('close', code => resolve(code === 0 ? undefined : `dpkg-deb ends with ${code}`))
  })
  child.stderr.resume()
  try {
    yield* child.stdout
    const fault = await ended
    if (fault === undefined) return
    throw new PackError('pack/archive', `cannot unpack ${file}: ${fault}`, { file })
  } finally {
    child.kill()
  }
}

/** An unpacked archive is remembered by the digest of its .deb, so that the next pack is quick. */
const memoryVersion = 1

export async function recall(
  folder: string,
  deb: Digest,
  store: ContentStore,
): Promise<Found[] | undefined> {
  const text = await readFile(memoryPath(folder, deb), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { version, found } = JSON.parse(text) as { version: number; found: Found[] }
  if (version !== memoryVersion) return undefined
  const placed = found.map(one =>
    one.kind === 'file' ? { ...one, content: store.pathOf(one.digest) } : one,
  )
  const isThere = await Promise.all(
    placed.map(one => (one.kind === 'file' ? store.has(one.digest) : true)),
  )
  return isThere.every(Boolean) ? placed : undefined
}

export async function remember(
  folder: string,
  deb: Digest,
  found: readonly Found[],
): Promise<void> {
  const path = memoryPath(folder, deb)
  await writeFile(`${path}.new`, JSON.stringify({ version: memoryVersion, found }))
  await rename(`${path}.new`, path)
}

function memoryPath(folder: string, deb: Digest): string {
  return `${folder}/${toHexDigest(deb)}.json`
}
