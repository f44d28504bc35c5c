import { type Static, Type } from 'typebox'
import { Architecture, ObjectRef, PackageName, Revision } from './identifiers.ts'
import { Behaviour } from './manifest.ts'
import { object, parserOf } from './schema.ts'

/** One revision of one package for one architecture, and by digest all that it is made of. */
export const ReleaseRecord = object(
  {
    type: Type.Literal('release'),
    format: Type.Literal(1),
    package: PackageName,
    version: Type.String({ minLength: 1, maxLength: 80 }),
    revision: Revision,
    architecture: Architecture,
    tree: ObjectRef,
    size: Type.Integer({ minimum: 0, description: 'Bytes of all files of the tree.' }),
    floor: Type.Optional(Revision),
    behaviour: Behaviour,
    sbom: ObjectRef,
    provenance: ObjectRef,
    'support-end': Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    'security-contact': Type.String(),
  },
  // Unknown members that are not marked critical are kept and skipped: a format grows.
  { additionalProperties: true, title: 'release record' },
)
export type ReleaseRecord = Static<typeof ReleaseRecord>
export const parseReleaseRecord = parserOf('release record', ReleaseRecord)

/** The name of a release record in the catalogue: `acme/greenhouse/3/amd64`. TUF calls it a target path. */
export function releasePath(
  release: Pick<ReleaseRecord, 'package' | 'revision' | 'architecture'>,
): string {
  return `${release.package}/${release.revision}/${release.architecture}`
}
