import { type Digest, digestOf, toBase64, toDocument } from '@steadfleet/base'
import { objectsOf, type TreeListing, toTreeBytes } from '@steadfleet/bundle'
import {
  type Architecture,
  type Manifest,
  type ReleaseRecord,
  releasePath,
} from '@steadfleet/domain'
import { type BuildInput, type Component, makeProvenance, makeSbom } from '@steadfleet/evidence'
import { refuseAbsentCommands } from './commands.ts'
import { openArchive } from './debian/archive.ts'
import { PackError } from './error.ts'
import { findCommit } from './git.ts'
import type { DeclaredPackage } from './manifest.ts'
import type { OnProgress } from './progress.ts'
import { makeRelease, packageNameOf, refOf, toRecordBytes } from './release.ts'
import type { FoundFile, SourceContext } from './source.ts'
import { readSource } from './sources.ts'
import { Staging } from './staging.ts'

export interface PackOptions {
  readonly declared: DeclaredPackage
  readonly architecture: Architecture
  readonly revision: number
  /** A folder for downloads and what is unpacked of them; it may be shared and may be removed. */
  readonly cache: string
  readonly builder: { readonly id: string; readonly version: string }
  /** Seals the provenance statement: a DSSE envelope's bytes. Absent: one without a signature. */
  readonly sign?: (statement: Uint8Array) => Promise<Uint8Array>
  readonly floor?: number
  /** When the sources were made (`SOURCE_DATE_EPOCH`), where the caller knows it. */
  readonly timestamp?: Date
  readonly onProgress?: OnProgress
}

/** The content of an object: in memory, or in a file of this machine. */
export type ObjectContent =
  | { readonly length: number; readonly bytes: Uint8Array }
  | { readonly length: number; readonly file: string }

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
  /** Record, listing, SBOM and provenance first, then the files, each once. */
  readonly objects: ReadonlyMap<Digest, ObjectContent>
  /** Bytes of all files of the tree. */
  readonly size: number
  /** Bytes of all objects, each counted once: what a device that has nothing must store. */
  readonly footprint: number
}

/** Makes a release from a manifest and its sources. The same input gives the same bytes. */
export async function pack(options: PackOptions): Promise<PackResult> {
  const { declared, architecture, onProgress = ignore } = options
  const { manifest } = declared
  refuseOtherArchitecture(manifest, architecture)
  const { cache } = options
  const archive = openArchive(cache, architecture, onProgress)
  const context = { home: declared.home, architecture, cache, archive, onProgress }
  const staged = await stage(manifest, context)
  refuseAbsentCommands(manifest, staged.tree)
  onProgress({ step: 'describe', what: packageNameOf(manifest) })
  const evidence = await describe(options, staged)
  return assemble(options, staged, evidence)
}

interface Staged {
  readonly tree: TreeListing
  readonly files: readonly FoundFile[]
  readonly components: readonly Component[]
  readonly inputs: readonly BuildInput[]
}

async function stage(manifest: Manifest, context: SourceContext): Promise<Staged> {
  const isMerged = manifest.sources.some(source => 'debian' in source)
  const staging = new Staging(manifest.setuid?.map(({ path }) => path) ?? [], isMerged)
  const components: Component[] = []
  const inputs: BuildInput[] = []
  for (const source of manifest.sources) {
    const gathered = await readSource(source, context)
    for (const found of gathered.found) staging.add(found)
    components.push(...gathered.components)
    inputs.push(...gathered.inputs)
  }
  const tree = staging.list()
  const files = staging.files()
  return { tree, files, components: [...components, ...looseFiles(files)], inputs }
}

function looseFiles(files: readonly FoundFile[]): Component[] {
  return files
    .filter(({ isPackaged }) => !isPackaged)
    .map(({ path, digest }) => ({ kind: 'file', path, digest }))
}

type Evidence = Pick<PackResult, 'sbom' | 'statement' | 'provenance'>

async function describe(options: PackOptions, staged: Staged): Promise<Evidence> {
  const { declared, revision, architecture, builder, timestamp } = options
  const { manifest, digest, home } = declared
  const name = packageNameOf(manifest)
  const tree = digestOf(toTreeBytes(staged.tree))
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
  const commit = await findCommit(home)
  const statement = makeProvenance({
    release: releasePath({ package: name, revision, architecture }),
    tree,
    sbom: digestOf(sbom),
    manifest: digest,
    builder,
    command: ['steadfleet', 'pack', declared.name],
    inputs: staged.inputs,
    ...(commit ? { commit } : {}),
  })
  return { sbom, statement, provenance: await (options.sign ?? sealUnsigned)(statement) }
}

/** An envelope that nobody signed yet: whoever wants a signature sees that there is none. */
async function sealUnsigned(statement: Uint8Array): Promise<Uint8Array> {
  const payloadType = 'application/vnd.in-toto+json'
  return toDocument({ payloadType, payload: toBase64(statement), signatures: [] })
}

function assemble(options: PackOptions, staged: Staged, evidence: Evidence): PackResult {
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
  const documents = [record, listing, evidence.sbom, evidence.provenance]
  const objects = new Map<Digest, ObjectContent>([
    ...documents.map(bytes => [digestOf(bytes), { length: bytes.length, bytes }] as const),
    ...contentsOfFiles(staged),
  ])
  return {
    path: releasePath(release),
    release,
    record,
    recordDigest: digestOf(record),
    tree: staged.tree,
    treeDigest: refOf(listing).digest,
    ...evidence,
    objects,
    size: release.size,
    footprint: objects.values().reduce((sum, { length }) => sum + length, 0),
  }
}

/** In the order of the tree, so that a bundle is the same however the sources were laid. */
function contentsOfFiles({ tree, files }: Staged): (readonly [Digest, ObjectContent])[] {
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
