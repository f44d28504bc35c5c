import { type Static, Type } from 'typebox'
import { Architecture, ObjectRef, PackageName, Revision } from './identifiers.ts'
import { Behaviour } from './manifest.ts'
import { object, opened, parserOf, SchemaError } from './schema.ts'

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
    mud: Type.Optional(ObjectRef),
    hygiene: Type.Optional(ObjectRef),
    'support-end': Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    'security-contact': Type.String(),
    critical: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 100,
        description: 'Members of this record that a reader must know or refuse the release.',
      }),
    ),
  },
  { title: 'release record' },
)
export type ReleaseRecord = Static<typeof ReleaseRecord>

const parseOpened = parserOf('release record', opened(ReleaseRecord))

/**
 * Reads a record that a newer publisher may have made: unknown members are skipped, at any depth,
 * except those that the record itself calls critical.
 */
export function parseReleaseRecord(value: unknown): ReleaseRecord {
  const record = parseOpened(value)
  const faults = (record.critical ?? []).flatMap((name, i) =>
    Object.hasOwn(ReleaseRecord.properties, name)
      ? []
      : [{ path: `/critical/${i}`, message: `must be known to this reader; ${name} is not` }],
  )
  if (faults.length > 0) throw new SchemaError('release record', faults)
  return record
}

/** The name of a release record in the catalogue: `acme/greenhouse/3/amd64`. TUF calls it a target path. */
export function releasePath(
  release: Pick<ReleaseRecord, 'package' | 'revision' | 'architecture'>,
): string {
  return `${release.package}/${release.revision}/${release.architecture}`
}
