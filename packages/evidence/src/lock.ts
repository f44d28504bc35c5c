import { type Digest, parseStrictJson, toDocument } from '@steadfleet/base'
import { type Architecture, DigestSchema, object, opened, parserOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { orRefused } from './error.ts'

const Text = Type.String({ maxLength: 4096 })

/** A folder or file: the digest is that of its tree listing, as it is laid into the tree. */
export const LockedDirectory = object(
  {
    directory: Text,
    digest: DigestSchema,
    /** The npm packages in it; the archive of each by its integrity, where a lock file gives one. */
    npm: Type.Optional(
      Type.Array(
        object({
          name: Text,
          version: Text,
          integrity: Type.Optional(Text),
          license: Type.Optional(Text),
        }),
        { maxItems: 100_000 },
      ),
    ),
    /** The folder lies inside an npm package, the one that is listed: all of it belongs to it. */
    'inside-npm': Type.Optional(Type.Boolean()),
  },
  { title: 'directory' },
)
export type LockedDirectory = Static<typeof LockedDirectory>

/** Debian packages, exactly: the digest is that of the .deb file. */
export const LockedDebian = object(
  {
    debian: Type.Array(Text, { description: 'What the manifest asks for.' }),
    vendor: Text,
    distribution: Text,
    packages: Type.Array(
      object({
        name: Text,
        version: Text,
        architecture: Text,
        source: Text,
        'source-version': Text,
        digest: DigestSchema,
        size: Type.Integer({ minimum: 0 }),
      }),
      { maxItems: 10_000 },
    ),
  },
  { title: 'debian' },
)
export type LockedDebian = Static<typeof LockedDebian>

export const LockedSource = Type.Union([LockedDirectory, LockedDebian])
export type LockedSource = Static<typeof LockedSource>

/** All inputs of a build for one architecture, in the manifest's order. */
export const LockedBuild = object({
  sources: Type.Array(LockedSource, { maxItems: 100 }),
  /** What git said of the folder; left out where there is no repository. */
  commit: Type.Optional(
    object({
      commit: Type.String({ pattern: '^[0-9a-f]{40,64}$' }),
      repository: Type.Optional(Text),
      isClean: Type.Boolean(),
    }),
  ),
})
export type LockedBuild = Static<typeof LockedBuild>

/** `steadfleet.lock`: every input of a build by digest, so that it can be repeated. */
export const Lock = object(
  {
    type: Type.Literal('lock'),
    format: Type.Literal(1),
    manifest: DigestSchema,
    builds: object({
      amd64: Type.Optional(LockedBuild),
      arm64: Type.Optional(LockedBuild),
    } satisfies Record<Static<typeof Architecture>, unknown>),
  },
  { title: 'steadfleet.lock' },
)
export type Lock = Static<typeof Lock>

const parse = parserOf('steadfleet.lock', opened(Lock))

/** Reads a lock. */
export function parseLock(bytes: Uint8Array): Lock {
  return orRefused('lock/malformed', 'lock', () => parse(parseStrictJson(bytes, limits)))
}

/** A lock as the bytes of its file: the same lock gives the same bytes. */
export function toLockBytes(lock: Lock): Uint8Array {
  return toDocument(parse(lock))
}

/** The lock of one build alone, which its provenance names. */
export function makeLock(
  manifest: Digest,
  architecture: Static<typeof Architecture>,
  build: LockedBuild,
): Lock {
  return { type: 'lock', format: 1, manifest, builds: { [architecture]: build } }
}

const limits = { bytes: 32 * 1024 * 1024, depth: 12 }
