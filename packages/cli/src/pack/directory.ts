import { realpath, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { type Digest, digestOf, toDocument } from '@steadfleet/base'
import type { Source } from '@steadfleet/domain'
import { PackError } from './error.ts'
import { hashFile } from './hash.ts'
import { findNpmComponents } from './npm.ts'
import type { Found, Gathered, SourceContext } from './source.ts'
import { readTarget, type Walked, walk } from './walk.ts'

export type DirectorySource = Extract<Source, { directory: string }>

/** Never packed: the first is history, the second may hold keys. */
const neverPacked = ['.git', '.steadfleet']

/** A folder or a file of this machine, as it is. */
export async function readDirectory(
  source: DirectorySource,
  context: SourceContext,
): Promise<Gathered> {
  const place = await placeOf(source, context)
  const isFolder = (await stat(place)).isDirectory()
  const found = isFolder
    ? await readFolder(place, source, context)
    : [await readSingle(place, source, context)]
  const { components, packaged } = await findNpmComponents(place, found)
  const named = found.map(one =>
    one.kind === 'file' && packaged(one.path) ? { ...one, isPackaged: true } : one,
  )
  const input = { name: source.directory, digest: digestOfSource(found) }
  return { found: isFolder ? under(source.to, named) : named, components, inputs: [input] }
}

async function placeOf(source: DirectorySource, { home }: SourceContext): Promise<string> {
  const place = resolve(home, source.directory)
  try {
    return await realpath(place)
  } catch (cause) {
    const message = `cannot pack ${source.directory}: there is nothing at ${place}`
    throw new PackError('pack/source', message, { path: place }, { cause })
  }
}

async function readFolder(
  place: string,
  source: DirectorySource,
  { onProgress }: SourceContext,
): Promise<Found[]> {
  const exclude = [...neverPacked, ...(source.exclude ?? [])]
  const found: Found[] = []
  const hashed: Hashed = new Map()
  for await (const walked of walk(Buffer.from(place), exclude)) {
    onProgress({ step: 'read', what: walked.path, done: found.length })
    found.push(await toFound(walked, hashed))
  }
  return found
}

async function readSingle(
  place: string,
  source: DirectorySource,
  { onProgress }: SourceContext,
): Promise<Found> {
  const path = source.to ?? basename(source.directory)
  onProgress({ step: 'read', what: path })
  return toFound({ path, place: Buffer.from(place), stats: await stat(place) }, new Map())
}

/** Hard links are one file under several names: it is read once. */
type Hashed = Map<string, ReturnType<typeof hashFile>>

async function toFound({ path, place, stats }: Walked, hashed: Hashed): Promise<Found> {
  if (stats.isDirectory()) return { path, kind: 'directory' }
  if (stats.isSymbolicLink()) return { path, kind: 'link', target: await readTarget(place, path) }
  if (!stats.isFile()) throw refuseSpecial(path)
  const inode = `${stats.dev}:${stats.ino}`
  const content = hashed.get(inode) ?? hashFile(place)
  hashed.set(inode, content)
  const { mode } = stats
  const own = { path, mode, content: place.toString(), isPackaged: false }
  return { kind: 'file', ...own, ...(await content) }
}

function refuseSpecial(path: string): PackError {
  const message = `cannot pack ${JSON.stringify(path)}: neither a file, a folder nor a link`
  return new PackError('pack/special-file', message, { path })
}

function under(folder: string | undefined, found: readonly Found[]): Found[] {
  if (folder === undefined) return [...found]
  const prefix = folder.replace(/\/+$/, '')
  return [
    { path: prefix, kind: 'directory' },
    ...found.map(one => ({ ...one, path: `${prefix}/${one.path}` })),
  ]
}

/**
 * What the source is named by in the provenance: a file by its digest, a folder by that of the list
 * of what is in it, in the words of a tree listing.
 */
function digestOfSource(found: readonly Found[]): Digest {
  const [only] = found
  if (found.length === 1 && only?.kind === 'file') return only.digest
  const entries = found.map(one =>
    one.kind === 'file'
      ? { path: one.path, kind: one.kind, digest: one.digest, size: one.size }
      : one,
  )
  return digestOf(toDocument(entries))
}
