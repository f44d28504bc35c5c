import { type Digest, type JsonObject, parseStrictJson } from '@steadfleet/base'
import { parseTree } from '@steadfleet/bundle'
import {
  type ObjectRef,
  parseReleaseRecord,
  type ReleaseRecord,
  releasePath,
} from '@steadfleet/domain'
import { type Builder, buildersOf, openProvenance, refuseRetired } from '@steadfleet/evidence'
import { digestIn, modelPath, modelStatement } from '@steadfleet/trust'
import type { Static } from 'typebox'
import type { NewRelease } from '../acts/release.ts'
import type { ObjectStore } from '../content/object-store.ts'
import { ServerError } from '../error.ts'
import type { Accepted } from './catalogue.ts'

/** One target of a role, as much of it as is checked here. */
interface Target {
  readonly path: string
  readonly digest: Digest
  readonly length: number
  readonly custom: JsonObject
}

/**
 * Checks every target that is new of a publisher: its object is here, is a record, says what the target
 * says, and names only content that is here. What is no release but a model is checked as one.
 */
export async function checkReleases(
  objects: ObjectStore,
  { source, targets, added }: Omit<Accepted, 'version'>,
): Promise<NewRelease[]> {
  const builders = buildersOf(source)
  const releases: NewRelease[] = []
  for (const path of added) {
    const found = targets.get(path)
    if (!found) continue
    const digest = digestIn(found.hashes, path)
    const target = { path, digest, length: found.length, custom: found.custom ?? {} }
    await refuseAbsent(objects, path, { digest, length: found.length })
    const content = await objects.read(digest)
    if (path.endsWith('/all')) refuseOtherModel(target, content)
    else {
      const release = await checkRelease(objects, target, content)
      if (builders) await refuseOtherBuilder(objects, release, builders)
      releases.push(release)
    }
  }
  return releases
}

/** The documents that a record names. */
export function partsOf({ tree, sbom, mud, provenance }: ReleaseRecord): ObjectRef[] {
  return [tree, sbom, provenance, ...(mud ? [mud] : [])]
}

async function checkRelease(
  objects: ObjectStore,
  target: Target,
  content: Uint8Array,
): Promise<NewRelease> {
  const record = parseReleaseRecord(parseStrictJson(content))
  refuseOtherFields(target, record)
  for (const ref of partsOf(record)) {
    await refuseAbsent(objects, target.path, ref)
  }
  const { entries } = parseTree(await objects.read(record.tree.digest))
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    await refuseAbsent(objects, target.path, { digest: entry.digest, length: entry.size })
  }
  return { record, digest: target.digest, length: target.length }
}

/** A publisher that names its builders takes nothing new that another one built. */
async function refuseOtherBuilder(
  objects: ObjectStore,
  { record }: NewRelease,
  builders: readonly Builder[],
): Promise<void> {
  const envelope = await objects.read(record.provenance.digest)
  refuseRetired(openProvenance(envelope, builders, record))
}

/** Catalogue and record must say the same of a release: a device compares them field by field. */
export function refuseOtherFields({ path, custom }: Target, record: ReleaseRecord): void {
  const fields = ['package', 'revision', 'architecture', 'version'] as const
  const other = fields.find(field => custom[field] !== record[field])
  if (other === undefined && releasePath(record) === path) return
  const fact = other
    ? `its ${other} is ${JSON.stringify(custom[other] ?? null)} there and ${JSON.stringify(record[other])} in its record`
    : `its record is of ${releasePath(record)}`
  throw new ServerError('release/mismatch', `cannot publish ${path}: ${fact}`, { path })
}

function refuseOtherModel({ path }: Target, content: Uint8Array): void {
  const statement = modelStatement(parseStrictJson(content), path)
  if (modelPath(statement) === path) return
  const message = `cannot publish ${path}: its statement is of ${modelPath(statement)}`
  throw new ServerError('release/mismatch', message, { path })
}

async function refuseAbsent(
  objects: ObjectStore,
  path: string,
  { digest, length }: Static<typeof ObjectRef>,
): Promise<void> {
  const held = await objects.lengthOf(digest)
  if (held === length) return
  const fact = held === undefined ? 'is not here' : `is ${held} bytes long, not ${length}`
  const message = `cannot publish ${path}: object ${digest} ${fact}`
  throw new ServerError('release/missing-object', message, { path, digest })
}
