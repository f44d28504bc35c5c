import { type Digest, type Json, parseStrictJson, toHexDigest } from '@steadfleet/base'
import { objectsOf, parseTree } from '@steadfleet/bundle'
import { parseReleaseRecord, type ReleaseRecord, releasePath } from '@steadfleet/domain'
import type { Target } from '@steadfleet/trust'
import { toSize } from '../output.ts'
import { VerifyError } from './error.ts'
import { type Link, toCount } from './link.ts'
import { longestDocument, neededObject, type ReleaseEvidence } from './release-evidence.ts'

/** A link, and what it let us read. */
export interface Read<T> {
  readonly value: T
  readonly link: Link
}

/** The release record: the very bytes that the publisher signed, saying what the catalogue says. */
export function verifyRecord(evidence: ReleaseEvidence, target: Target): Read<ReleaseRecord> {
  const bytes = neededObject(evidence, 'the release record', target.digest)
  const record = parseReleaseRecord(parseStrictJson(bytes))
  refuseOtherFields(record, target)
  const { package: name, revision, architecture, version } = record
  const end = record['support-end']
  return {
    value: record,
    link: {
      name: 'record',
      says: [
        `${name} revision ${revision} for ${architecture}, version ${version}, supported until ${end}`,
        `a flaw in it is reported to ${record['security-contact']}`,
      ],
      facts: { package: name, revision, architecture, version, record: target.digest },
    },
  }
}

function refuseOtherFields(record: ReleaseRecord, { path, custom }: Target): void {
  const fields = ['package', 'revision', 'architecture', 'version'] as const
  const other = fields.find(field => custom[field] !== record[field])
  if (other === undefined && releasePath(record) === path) return
  const fact = other === undefined ? releasePath(record) : `another ${other}`
  const message = `cannot trust the record of ${path}: it is of ${fact}`
  throw new VerifyError('verify/record', message, { path })
}

/** The listing of the tree, which names each file by digest. */
export function verifyTree(evidence: ReleaseEvidence, { tree }: ReleaseRecord): Link {
  const { entries } = parseTree(neededObject(evidence, 'the tree', tree.digest))
  const objects = objectsOf({ type: 'tree', format: 1, entries })
  const bytes = objects.reduce((sum, { size }) => sum + size, 0)
  return {
    name: 'tree',
    says: [
      `${entries.length} entries, ${toSize(bytes)} in ${objects.length} objects: ${tree.digest}`,
    ],
    facts: { tree: tree.digest, entries: entries.length, objects: objects.length, bytes },
  }
}

/** The SBOM: of this tree, and what it lists. */
export function verifySbom(evidence: ReleaseEvidence, { sbom, tree }: ReleaseRecord): Link {
  const bytes = neededObject(evidence, 'the SBOM', sbom.digest)
  const document = parseStrictJson(bytes, { bytes: longestDocument, depth: 64 })
  refuseOtherTree(document, tree.digest)
  const parts = listOf(at(document, 'components')).map(part => String(at(part, 'purl') ?? ''))
  const kinds = { Debian: 'pkg:deb/', npm: 'pkg:npm/' }
  const counts = Object.entries(kinds).map(([kind, prefix]) => ({
    kind,
    count: parts.filter(purl => purl.startsWith(prefix)).length,
  }))
  const files = parts.filter(purl => purl === '').length
  const told = counts.map(({ kind, count }) => toCount(count, `${kind} package`))
  return {
    name: 'SBOM',
    says: [`lists ${told.join(', ')} and ${toCount(files, 'file')} of no package: ${sbom.digest}`],
    facts: {
      sbom: sbom.digest,
      files,
      ...Object.fromEntries(counts.map(({ kind, count }) => [kind.toLowerCase(), count])),
    },
  }
}

function refuseOtherTree(document: Json, tree: Digest): void {
  const hashes = listOf(at(at(at(document, 'metadata'), 'component'), 'hashes'))
  const own = hashes.find(hash => at(hash, 'alg') === 'SHA-256')
  const found = own === undefined ? 'nothing' : `sha256:${at(own, 'content')}`
  if (at(own ?? null, 'content') === toHexDigest(tree)) return
  const message = `cannot trust the SBOM: it is of tree ${found}, not ${tree}`
  throw new VerifyError('verify/sbom', message, { found, tree })
}

function at(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return (value as Readonly<Record<string, Json>>)[key]
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
