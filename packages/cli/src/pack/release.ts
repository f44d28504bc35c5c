import { type Digest, digestOf, toDocument } from '@steadfleet/base'
import { sizeOf, type TreeListing, toTreeBytes } from '@steadfleet/bundle'
import {
  type Architecture,
  type Behaviour,
  type Manifest,
  type ObjectRef,
  type PackageName,
  parseReleaseRecord,
  type ReleaseRecord,
} from '@steadfleet/domain'

/** What a release record is made of, beside the manifest. */
export interface ReleaseParts {
  readonly revision: number
  readonly architecture: Architecture
  readonly tree: TreeListing
  readonly sbom: Uint8Array
  readonly provenance: Uint8Array
  readonly mud: Uint8Array
  readonly hygieneRecord: Uint8Array
  readonly floor?: number
}

export function packageNameOf({ publisher, name }: Manifest): PackageName {
  return `${publisher}/${name}` as PackageName
}

/** The release record of a manifest: what a device must know to install and run it. */
export function makeRelease(manifest: Manifest, parts: ReleaseParts): ReleaseRecord {
  return parseReleaseRecord({
    type: 'release',
    format: 1,
    package: packageNameOf(manifest),
    version: manifest.version,
    revision: parts.revision,
    architecture: parts.architecture,
    tree: refOf(toTreeBytes(parts.tree)),
    size: sizeOf(parts.tree),
    ...(parts.floor === undefined ? {} : { floor: parts.floor }),
    behaviour: behaviourOf(manifest),
    sbom: refOf(parts.sbom),
    provenance: refOf(parts.provenance),
    mud: refOf(parts.mud),
    hygiene: refOf(parts.hygieneRecord),
    'support-end': manifest['support-end'],
    'security-contact': manifest['security-contact'],
  })
}

/** The bytes of a record, whose digest the catalogue signs. */
export function toRecordBytes(release: ReleaseRecord): Uint8Array {
  return toDocument(release)
}

export function refOf(bytes: Uint8Array): ObjectRef {
  return { digest: digestOf(bytes) satisfies Digest, length: bytes.length }
}

/** The members of a manifest that a device acts on; the others are about making it. */
function behaviourOf(manifest: Manifest): Behaviour {
  const { apps, interfaces, settings, hooks, limits, data } = manifest
  const probation = manifest['probation-seconds']
  const security = manifest['security-revision']
  const together = manifest['together-with']
  return {
    apps,
    ...(interfaces === undefined ? {} : { interfaces }),
    ...(settings === undefined ? {} : { settings }),
    ...(hooks === undefined ? {} : { hooks }),
    ...(limits === undefined ? {} : { limits }),
    ...(data === undefined ? {} : { data }),
    ...(probation === undefined ? {} : { 'probation-seconds': probation }),
    ...(security === undefined ? {} : { 'security-revision': security }),
    ...(together === undefined ? {} : { 'together-with': together }),
  }
}
