import { type Digest, digestFromHex, type Json } from '@steadfleet/base'
import { mapOf, object, opened, parserOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { orRefused } from './error.ts'
import { type BuildInput, buildType, type GitCommit, lockName } from './provenance.ts'

const Hex = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Sha256 = object({ sha256: Hex })

/** in-toto ResourceDescriptor v1, as much of it as we write. */
const Resource = object({
  name: Type.String({ maxLength: 4096 }),
  uri: Type.Optional(Type.String({ maxLength: 4096 })),
  digest: object({
    sha256: Type.Optional(Hex),
    gitCommit: Type.Optional(Type.String({ pattern: '^[0-9a-f]{40,64}$' })),
  }),
  annotations: Type.Optional(mapOf(Type.String())),
})
type Resource = Static<typeof Resource>

/** in-toto Statement v1 with SLSA provenance v1 of our build type. */
const Statement = object({
  _type: Type.Literal('https://in-toto.io/Statement/v1'),
  subject: Type.Array(object({ name: Type.String(), digest: Sha256 }), { maxItems: 100 }),
  predicateType: Type.Literal('https://slsa.dev/provenance/v1'),
  predicate: object({
    buildDefinition: object({
      buildType: Type.Literal(buildType),
      externalParameters: object({
        command: Type.Array(Type.String(), { maxItems: 100 }),
        manifest: Sha256,
        release: Type.String(),
      }),
      resolvedDependencies: Type.Array(Resource, { maxItems: 100_000 }),
    }),
    runDetails: object({
      builder: object({ id: Type.String(), version: object({ steadfleet: Type.String() }) }),
      byproducts: Type.Array(object({ name: Type.String(), digest: Sha256 }), { maxItems: 100 }),
    }),
  }),
})

const parse = parserOf('provenance', opened(Statement))

/** What a provenance statement says, in the words of this project. */
export interface Provenance {
  readonly release: string
  /** Each thing that was made, by name. */
  readonly subjects: ReadonlyMap<string, Digest>
  readonly manifest: Digest
  readonly command: readonly string[]
  readonly builder: { readonly id: string; readonly version: string }
  readonly inputs: readonly BuildInput[]
  readonly commit?: GitCommit
  /** Of the lock that repeats the build. */
  readonly lock?: Digest
}

/** Reads a statement whose signature has been checked. */
export function parseProvenance(json: Json): Provenance {
  const statement = orRefused('provenance/malformed', 'provenance', () => parse(json))
  const { buildDefinition, runDetails } = statement.predicate
  const { externalParameters, resolvedDependencies } = buildDefinition
  const { builder, byproducts } = runDetails
  const lock = byproducts.find(({ name }) => name === lockName)
  const commit = resolvedDependencies.flatMap(toCommit)[0]
  return {
    release: externalParameters.release,
    subjects: new Map(statement.subject.map(({ name, digest }) => [name, ofHex(digest)])),
    manifest: ofHex(externalParameters.manifest),
    command: externalParameters.command,
    builder: { id: builder.id, version: builder.version.steadfleet },
    inputs: resolvedDependencies.flatMap(toInput),
    ...(commit && { commit }),
    ...(lock && { lock: ofHex(lock.digest) }),
  }
}

function ofHex({ sha256 }: { readonly sha256: string }): Digest {
  return digestFromHex(sha256)
}

function toInput({ name, uri, digest, annotations }: Resource): BuildInput[] {
  if (digest.sha256 === undefined) return []
  const more = { ...(uri !== undefined && { uri }), ...(annotations && { annotations }) }
  return [{ name, digest: digestFromHex(digest.sha256), ...more }]
}

function toCommit({ uri, digest, annotations }: Resource): GitCommit[] {
  if (digest.gitCommit === undefined) return []
  const repository = uri?.replace(/^git\+/, '')
  const isClean = annotations?.changed !== 'yes'
  return [{ commit: digest.gitCommit, isClean, ...(repository !== undefined && { repository }) }]
}
