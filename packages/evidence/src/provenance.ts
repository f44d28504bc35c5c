import { type Digest, toDocument, toHexDigest } from '@steadfleet/base'

/** Something a release was built from. in-toto ResourceDescriptor v1 */
export interface BuildInput {
  readonly name: string
  readonly uri?: string
  readonly digest: Digest
  readonly annotations?: Readonly<Record<string, string>>
}

/** The commit that the sources were at. `isClean` is false when they held changes of their own. */
export interface GitCommit {
  readonly commit: string
  readonly repository?: string
  readonly isClean: boolean
}

/** How a release came to be, in the words of this project. */
export interface Build {
  /** The releases' catalogue path, `acme/greenhouse/3/amd64`. */
  readonly release: string
  readonly tree: Digest
  readonly sbom: Digest
  readonly manifest: Digest
  readonly builder: { readonly id: string; readonly version: string }
  readonly command: readonly string[]
  readonly inputs: readonly BuildInput[]
  readonly commit?: GitCommit
  /** Of the lock that repeats this build. */
  readonly lock: Digest
}

export const buildType = 'https://steadfleet.dev/build/pack/v1'

/** The name of the lock, as a file and among the by-products of a build. */
export const lockName = 'steadfleet.lock'

/**
 * The bytes of the in-toto Statement v1 whose predicate is SLSA provenance v1: which inputs became
 * which tree. It holds no time and no place of the builder's, so that a rebuild gives the same
 * bytes. The caller signs them.
 */
export function makeProvenance(build: Build): Uint8Array {
  return toDocument({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: build.release, digest: { sha256: toHexDigest(build.tree) } },
      { name: `${build.release}#sbom`, digest: { sha256: toHexDigest(build.sbom) } },
    ],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: {
          command: build.command,
          manifest: { sha256: toHexDigest(build.manifest) },
          release: build.release,
        },
        resolvedDependencies: [
          ...dependencyOnCommit(build.commit),
          ...build.inputs.map(toResource),
        ],
      },
      runDetails: {
        builder: { id: build.builder.id, version: { steadfleet: build.builder.version } },
        byproducts: [{ name: lockName, digest: { sha256: toHexDigest(build.lock) } }],
      },
    },
  })
}

function toResource({ name, uri, digest, annotations }: BuildInput): object {
  return { name, uri, digest: { sha256: toHexDigest(digest) }, annotations }
}

/** SLSA names a commit by `gitCommit`, the digest algorithm of git's own objects. */
function dependencyOnCommit(commit: GitCommit | undefined): object[] {
  if (!commit) return []
  const uri = commit.repository === undefined ? undefined : `git+${commit.repository}`
  const annotations = commit.isClean ? undefined : { changed: 'yes' }
  return [{ name: 'repository', uri, digest: { gitCommit: commit.commit }, annotations }]
}
