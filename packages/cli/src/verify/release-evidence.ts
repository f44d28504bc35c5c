import {
  type Digest,
  digestOf,
  fromBase64,
  type Json,
  parseStrictJson,
  toBase64,
  toDocument,
} from '@steadfleet/base'
import { object, opened, parserOf, Timestamp, toTimestamp } from '@steadfleet/domain'
import { chosenLog, type LogChoice } from '@steadfleet/trust'
import { type Static, Type } from 'typebox'
import { VerifyError } from './error.ts'

/** All that shows who made a release, signed what of it, and when: bytes, none of them believed yet. */
export interface ReleaseEvidence {
  /** The release's path in the catalogue: `acme/greenhouse/3/amd64`. */
  readonly release: string
  /** When it was gathered, in the words of whoever did. */
  readonly taken: Date
  /** Metadata files by name: `1.root.json`, …, `timestamp.json`. */
  readonly catalogue: ReadonlyMap<string, Uint8Array>
  /** Record, tree listing, SBOM, provenance, lock and manifest. */
  readonly objects: ReadonlyMap<Digest, Uint8Array>
  /** The log that the owner follows, and the proof that it holds the release; absent: none was chosen. */
  readonly log?: LoggedEvidence
}

export interface LoggedEvidence {
  readonly choice: LogChoice
  readonly proof: string
}

const Base64 = Type.String({ contentEncoding: 'base64' })

/** The file that `verify --export` writes. docs/formats/provenance.md */
const EvidenceFile = object({
  type: Type.Literal('release-evidence'),
  format: Type.Literal(1),
  release: Type.String({ maxLength: 200 }),
  taken: Timestamp,
  catalogue: Type.Record(Type.String({ maxLength: 200 }), Base64),
  objects: Type.Record(Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }), Base64),
  log: Type.Optional(
    object({
      choice: object({
        quorum: Type.Integer({ minimum: 0 }),
        key: Type.String(),
        witnesses: Type.Array(Type.String(), { maxItems: 100 }),
      }),
      proof: Type.String(),
    }),
  ),
})

const parseFile = parserOf('evidence file', opened(EvidenceFile))
/** No tree listing, SBOM, statement or lock is longer. */
export const longestDocument = 64 * 1024 * 1024
const limits = { bytes: 512 * 1024 * 1024, depth: 8 }

/** Reads an evidence file; nothing in it is verified. */
export function parseEvidence(bytes: Uint8Array): ReleaseEvidence {
  return orNoEvidence(() => toEvidence(parseFile(parseStrictJson(bytes, limits))))
}

/** Evidence as the bytes of a file. */
export function toEvidenceBytes(evidence: ReleaseEvidence): Uint8Array {
  const { release, taken, catalogue, objects, log } = evidence
  return toDocument({
    type: 'release-evidence',
    format: 1,
    release,
    taken: toTimestamp(taken),
    catalogue: toTexts(catalogue),
    objects: toTexts(objects),
    ...(log && { log: { choice: { ...log.choice }, proof: log.proof } }),
  })
}

/** An object of the evidence, if it is there: only one that has the digest is. */
export function objectIn({ objects }: ReleaseEvidence, digest: Digest): Uint8Array | undefined {
  const bytes = objects.get(digest)
  if (bytes === undefined) return undefined
  const found = digestOf(bytes)
  if (found === digest) return bytes
  const message = `cannot trust object ${digest}: its content has digest ${found}`
  throw new VerifyError('verify/digest', message, { digest, found })
}

/** An object that must be there; `what` names it to people. */
export function neededObject(evidence: ReleaseEvidence, what: string, digest: Digest): Uint8Array {
  const bytes = objectIn(evidence, digest)
  if (bytes) return bytes
  const message = `cannot find ${what}: no object has digest ${digest}`
  throw new VerifyError('verify/missing', message, { what, digest })
}

function toEvidence(file: Static<typeof EvidenceFile>): ReleaseEvidence {
  const { release, taken, catalogue, objects, log } = file
  if (log) chosenLog(log.choice)
  return {
    release,
    taken: new Date(taken),
    catalogue: toBytes(catalogue),
    objects: toBytes(objects) as ReadonlyMap<Digest, Uint8Array>,
    ...(log && { log }),
  }
}

function toBytes(texts: Readonly<Record<string, string>>): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(texts).map(([name, text]) => [name, fromBase64(text)]))
}

function toTexts(files: ReadonlyMap<string, Uint8Array>): Record<string, Json> {
  return Object.fromEntries([...files].map(([name, bytes]) => [name, toBase64(bytes)]))
}

function orNoEvidence<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause
    const message = `cannot read evidence: ${cause.message}`
    throw new VerifyError('verify/file', message, { reason: String(cause.code) }, { cause })
  }
}
