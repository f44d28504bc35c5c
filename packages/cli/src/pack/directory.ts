import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { type Digest, digestOf } from '@steadfleet/base'
import { objectsOf, parseTree, type TreeEntry, toTreeBytes } from '@steadfleet/bundle'
import type { Source } from '@steadfleet/domain'
import { type LockedDirectory, lockName } from '@steadfleet/evidence'
import { PackError } from './error.ts'
import { hashFile } from './hash.ts'
import { findInput } from './inputs.ts'
import { refuseOther, wrongKind } from './lock.ts'
import { findNpmComponents, type NpmFindings } from './npm.ts'
import type { ObjectContent } from './object-content.ts'
import type { Found, Gathered, RepeatSource, SourceContext } from './source.ts'
import { Staging } from './staging.ts'
import { readTarget, type Walked, walk } from './walk.ts'

export type DirectorySource = Extract<Source, { directory: string }>

/** Never packed: the first is history, the second may hold keys, the third is made by packing. */
const neverPacked = ['.git', '.steadfleet', lockName]

/** A folder or a file of this machine as it is, or as an archive holds it. */
export async function readDirectory(
  source: DirectorySource,
  context: SourceContext,
): Promise<Gathered> {
  const { repeat } = context
  const locked = repeat && lockedDirectory(repeat)
  const isArchived = repeat?.folders === 'archived'
  const place = isArchived ? '/' : await placeOf(source, context)
  const found =
    locked && isArchived
      ? await readArchived(locked, repeat)
      : await readPlace(place, source, context)
  const npm = locked?.['inside-npm'] ? insideNpm(locked) : await findNpmComponents(place, found)
  const named = found.map(one =>
    one.kind === 'file' && npm.packaged(one.path) ? { ...one, isPackaged: true } : one,
  )
  return gather(source, named, npm, locked)
}

function gather(
  source: DirectorySource,
  found: readonly Found[],
  npm: NpmFindings,
  locked: LockedDirectory | undefined,
): Gathered {
  const listing = listingOf(found)
  const digest = digestOf(listing.bytes)
  if (locked) refuseOther(source.directory, digest, locked.digest)
  return {
    found,
    components: npm.components,
    inputs: [{ name: source.directory, digest }],
    locked: { directory: source.directory, digest, ...toLockedNpm(npm) },
    content: new Map<Digest, ObjectContent>([
      [digest, { length: listing.bytes.length, bytes: listing.bytes }],
      ...listing.files,
    ]),
  }
}

function toLockedNpm({ components, isInside }: NpmFindings): Partial<LockedDirectory> {
  if (components.length === 0) return {}
  return {
    npm: components.map(({ kind: _, ...one }) => one),
    ...(isInside && { 'inside-npm': true }),
  }
}

function insideNpm({ npm = [] }: LockedDirectory): NpmFindings {
  const components = npm.map(one => ({ kind: 'npm' as const, ...one }))
  return { components, packaged: () => true, isInside: true }
}

function lockedDirectory({ locked }: RepeatSource): LockedDirectory {
  if ('directory' in locked) return locked
  throw wrongKind('folder')
}

/** The folder as it was laid into the tree, each file held against its digest. */
async function readArchived(
  { digest, directory }: LockedDirectory,
  { inputs }: RepeatSource,
): Promise<Found[]> {
  const listing = await findInput(inputs, digest, `${directory}: its list of files`)
  const { entries } = parseTree(await readFile(listing))
  const found: Found[] = []
  for (const entry of entries) found.push(await toArchived(entry, inputs))
  return found
}

async function toArchived(entry: TreeEntry, inputs: RepeatSource['inputs']): Promise<Found> {
  if (entry.kind !== 'file') return entry
  const { path, digest, size } = entry
  const content = await findInput(inputs, digest, path)
  const mode = Number.parseInt(entry.mode, 8)
  return { path, kind: 'file', digest, size, mode, content, isPackaged: false }
}

async function readPlace(
  place: string,
  source: DirectorySource,
  context: SourceContext,
): Promise<Found[]> {
  const isFolder = (await stat(place)).isDirectory()
  if (!isFolder) return [await readSingle(place, source, context)]
  return under(source.to, await readFolder(place, source, context))
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
 * The list of what a source lays into the tree, in the words of a tree listing: its digest is what
 * provenance and lock name the source by.
 */
function listingOf(found: readonly Found[]): {
  readonly bytes: Uint8Array
  readonly files: readonly (readonly [Digest, ObjectContent])[]
} {
  // The whole tree decides which setuid bits stand; here all are as found.
  const staging = new Staging(
    found.map(({ path }) => path),
    false,
  )
  for (const one of found) staging.add(one)
  const tree = staging.list()
  const places = new Map(staging.files().map(({ digest, content }) => [digest, content]))
  const files = objectsOf(tree).map(
    ({ digest, size }) => [digest, { length: size, file: places.get(digest) ?? '' }] as const,
  )
  return { bytes: toTreeBytes(tree), files }
}
