import { type Digest, digestOf, toBase64, toDocument } from '@steadfleet/base'
import { objectsOf, type TreeListing, toTreeBytes } from '@steadfleet/bundle'
import {
  type Architecture,
  type Manifest,
  type ReleaseRecord,
  releasePath,
} from '@steadfleet/domain'
import {
  type BuildInput,
  type Component,
  type GitCommit,
  type LockedSource,
  makeLock,
  makeProvenance,
  toLockBytes,
} from '@steadfleet/evidence'
import { refuseAbsentCommands } from './commands.ts'
import { openArchive } from './debian/archive.ts'
import { PackError } from './error.ts'
import { findCommit } from './git.ts'
import { checkHygiene, type JudgedFinding } from './hygiene.ts'
import { toHygieneBytes } from './hygiene-record.ts'
import { lockedSource } from './lock.ts'
import type { ObjectContent } from './object-content.ts'
import type { PackOptions } from './options.ts'
import { makeRelease, packageNameOf, refOf, toRecordBytes } from './release.ts'
import type { FoundFile, Repeat, SourceContext } from './source.ts'
import { readSource, sourcesFor } from './sources.ts'
import { Staging } from './staging.ts'
import { unpackMatching } from './unpacked.ts'

/** A release, made: all that it names by digest, and where each of that lies. */
export interface PackResult {
  /** In the catalogue: `acme/greenhouse/3/amd64`. */
  readonly path: string
  readonly release: ReleaseRecord
  readonly record: Uint8Array
  readonly recordDigest: Digest
  readonly tree: TreeListing
  readonly treeDigest: Digest
  readonly sbom: Uint8Array
  /** The in-toto statement, and the envelope around it that the record names. */
  readonly statement: Uint8Array
  readonly provenance: Uint8Array
  /** Every input by digest: what the provenance names as the way to repeat the build. */
  readonly lock: Uint8Array
  /** What the package may say over networks, as RFC 8520 has it. */
  readonly mud: Uint8Array
  /** The inputs themselves, the manifest and the lock among them. */
  readonly inputs: ReadonlyMap<Digest, ObjectContent>
  /** Record, listing, SBOM, provenance, lock and manifest first, then the files, each once. */
  readonly objects: ReadonlyMap<Digest, ObjectContent>
  /** Bytes of all files of the tree. */
  readonly size: number
  /** Bytes of all objects, each counted once: what a device that has nothing must store. */
  readonly footprint: number
  /** How many files were stored unpacked. */
  readonly unpacked: number
  /** What was found in the tree that is better not there, and what of it the record names. */
  readonly hygiene: readonly JudgedFinding[]
  readonly hygieneRecord: Uint8Array
}

/** What of a release is sent and signed: made here, or out of a bundle that a builder made. */
export type PackedRelease = Pick<
  PackResult,
  'release' | 'record' | 'recordDigest' | 'treeDigest' | 'provenance' | 'objects' | 'footprint'
>

/** Makes a release from a manifest and its sources. The same input gives the same bytes. */
export async function pack(options: PackOptions): Promise<PackResult> {
  const { declared, architecture, onProgress = ignore } = options
  const { manifest } = declared
  refuseOtherArchitecture(manifest, architecture)
  const { cache, repeat } = options
  const archive = openArchive(cache, architecture, onProgress)
  const context = { home: declared.home, architecture, cache, archive, onProgress }
  const staged = await stage(manifest, context, repeat)
  refuseAbsentCommands(manifest, staged.tree)
  const { isStrict, sizeBefore } = options
  const hygiene = await checkHygiene(manifest, staged, {
    onProgress,
    ...(isStrict !== undefined && { isStrict }),
    ...(sizeBefore !== undefined && { sizeBefore }),
  })
  onProgress({ step: 'describe', what: packageNameOf(manifest) })
  const evidence = { ...(await describe(options, staged)), hygieneRecord: toHygieneBytes(hygiene) }
  return { ...assemble(options, staged, evidence), hygiene }
}

interface Staged {
  readonly tree: TreeListing
  readonly files: readonly FoundFile[]
  readonly components: readonly Component[]
  readonly inputs: readonly BuildInput[]
  readonly locked: readonly LockedSource[]
  readonly content: ReadonlyMap<Digest, ObjectContent>
  readonly unpacked: number
}

async function stage(
  manifest: Manifest,
  context: SourceContext,
  repeat: Repeat | undefined,
): Promise<Staged> {
  const isMerged = manifest.sources.some(source => 'debian' in source)
  const staging = new Staging(manifest.setuid?.map(({ path }) => path) ?? [], isMerged)
  const components: Component[] = []
  const inputs: BuildInput[] = []
  const locked: LockedSource[] = []
  const content = new Map<Digest, ObjectContent>()
  let unpacked = 0
  for (const [i, source] of sourcesFor(manifest.sources, context.architecture).entries()) {
    const again = repeat && { ...repeat, locked: lockedSource(repeat.build, i) }
    const gathered = await readSource(source, { ...context, ...(again && { repeat: again }) })
    const stored = await unpackMatching(gathered.found, source.unpack ?? [], context)
    for (const found of stored.found) staging.add(found)
    unpacked += stored.count
    components.push(...gathered.components)
    inputs.push(...gathered.inputs)
    locked.push(gathered.locked)
    for (const [digest, one] of gathered.content) content.set(digest, one)
  }
  const tree = staging.list()
  const files = staging.files()
  const all = [...components, ...looseFiles(files)]
  return { tree, files, components: all, inputs, locked, content, unpacked }
}

function looseFiles(files: readonly FoundFile[]): Component[] {
  return files
    .filter(({ isPackaged }) => !isPackaged)
    .map(({ path, digest }) => ({ kind: 'file', path, digest }))
}

type Evidence = Pick<PackResult, 'sbom' | 'statement' | 'provenance' | 'lock' | 'mud'>

async function describe(options: PackOptions, staged: Staged): Promise<Evidence> {
  const { declared, revision, architecture, builder, timestamp } = options
  const { manifest, digest } = declared
  const name = packageNameOf(manifest)
  const tree = digestOf(toTreeBytes(staged.tree))
  // Loaded by who makes one: the library is a third of all that a command would load.
  const { makeSbom } = await import('@steadfleet/evidence/sbom')
  const sbom = makeSbom(
    {
      package: name,
      version: manifest.version,
      revision,
      architecture,
      tree,
      ...(timestamp ? { timestamp } : {}),
    },
    staged.components,
  )
  const commit = await commitOf(options)
  const sources = [...staged.locked]
  const lock = toLockBytes(makeLock(digest, architecture, { sources, ...(commit && { commit }) }))
  const statement = makeProvenance({
    release: releasePath({ package: name, revision, architecture }),
    tree,
    sbom: digestOf(sbom),
    manifest: digest,
    builder,
    command: options.command ?? ['steadfleet', 'pack', declared.name],
    inputs: staged.inputs,
    ...(commit ? { commit } : {}),
    lock: digestOf(lock),
  })
  const provenance = await (options.sign ?? sealUnsigned)(statement)
  return { sbom, statement, lock, provenance, mud: await makeMud(options, sbom) }
}

/** Loaded by who makes one, as the SBOM is. */
async function makeMud(options: PackOptions, sbom: Uint8Array): Promise<Uint8Array> {
  const { releaseMud } = await import('./release-mud.ts')
  return releaseMud(options, digestOf(sbom))
}

async function commitOf({ repeat, declared }: PackOptions): Promise<GitCommit | undefined> {
  return repeat ? repeat.build.commit : findCommit(declared.home)
}

/** An envelope that nobody signed yet: whoever wants a signature sees that there is none. */
async function sealUnsigned(statement: Uint8Array): Promise<Uint8Array> {
  const payloadType = 'application/vnd.in-toto+json'
  return toDocument({ payloadType, payload: toBase64(statement), signatures: [] })
}

function assemble(
  options: PackOptions,
  staged: Staged,
  evidence: Evidence & Pick<PackResult, 'hygieneRecord'>,
): Omit<PackResult, 'hygiene'> {
  const { declared, revision, architecture, floor } = options
  const release = makeRelease(declared.manifest, {
    revision,
    architecture,
    tree: staged.tree,
    ...evidence,
    ...(floor === undefined ? {} : { floor }),
  })
  const record = toRecordBytes(release)
  const listing = toTreeBytes(staged.tree)
  const again = [evidence.lock, declared.bytes].map(toContent)
  const { sbom, provenance, mud, hygieneRecord } = evidence
  const documents = [record, listing, sbom, provenance, mud, hygieneRecord].map(toContent)
  const objects = new Map([...documents, ...again, ...contentsOfFiles(staged)])
  return {
    path: releasePath(release),
    release,
    record,
    recordDigest: digestOf(record),
    tree: staged.tree,
    treeDigest: refOf(listing).digest,
    ...evidence,
    inputs: new Map([...again, ...staged.content]),
    objects,
    size: release.size,
    footprint: objects.values().reduce((sum, { length }) => sum + length, 0),
    unpacked: staged.unpacked,
  }
}

function toContent(bytes: Uint8Array): [Digest, ObjectContent] {
  return [digestOf(bytes), { length: bytes.length, bytes }]
}

/** In the order of the tree, so that a bundle is the same however the sources were laid. */
function contentsOfFiles({ tree, files }: Staged): [Digest, ObjectContent][] {
  const places = new Map(files.map(({ digest, content }) => [digest, content]))
  return objectsOf(tree).map(({ digest, size }) => [
    digest,
    { length: size, file: places.get(digest) ?? '' },
  ])
}

function refuseOtherArchitecture({ architectures }: Manifest, wanted: Architecture): void {
  if (architectures.includes(wanted)) return
  const message = `cannot pack for ${wanted}: the manifest is for ${architectures.join(', ')}`
  throw new PackError('pack/architecture', message, { wanted, architectures })
}

function ignore(): void {
  return
}
