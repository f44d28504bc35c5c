import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Digest, digestOf, fromUtf8 } from '@steadfleet/base'
import { parseTree } from '@steadfleet/bundle'
import {
  declare,
  type InputStore,
  lockedBuild,
  type OnProgress,
  type PackOptions,
  type PackResult,
  pack,
  toRecordBytes,
} from '../pack/index.ts'
import type { VerifiedRelease } from './chain.ts'
import { differencesBetween } from './difference.ts'
import { VerifyError } from './error.ts'
import type { Link } from './link.ts'
import { neededObject, objectIn, type ReleaseEvidence } from './release-evidence.ts'

/** Where a rebuild takes its inputs from. */
export interface RebuildOptions {
  /** The folder of the sources, laid out as at the first build; absent: all comes out of `inputs`. */
  readonly sources?: string
  readonly inputs: InputStore
  readonly onProgress: OnProgress
}

/** Builds a release again, by its lock and in a scratch folder, and holds the outcome against what was signed. */
export async function verifyRebuild(
  evidence: ReleaseEvidence,
  verified: VerifiedRelease,
  options: RebuildOptions,
): Promise<Link> {
  const scratch = await mkdtemp(join(tmpdir(), 'steadfleet-rebuild-'))
  try {
    const rebuilt = await pack(await packOptions(evidence, verified, options, scratch))
    refuseDifference(evidence, verified, rebuilt)
    return rebuildLink(rebuilt)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function packOptions(
  evidence: ReleaseEvidence,
  { record, provenance }: VerifiedRelease,
  { sources, inputs, onProgress }: RebuildOptions,
  scratch: string,
): Promise<PackOptions> {
  const { architecture, revision, floor } = record
  const { builder, command, manifest } = provenance
  const bytes = await documentOf(evidence, inputs, 'the manifest', manifest)
  const lock = await documentOf(evidence, inputs, 'the lock', lockOf(provenance.lock))
  const declared = declare(bytes, basename(command.at(-1) ?? ''), sources ?? scratch)
  const timestamp = timestampOf(neededObject(evidence, 'the SBOM', record.sbom.digest))
  const build = lockedBuild(lock, declared.digest, architecture)
  return {
    declared,
    architecture,
    revision,
    ...(floor !== undefined && { floor }),
    cache: join(scratch, 'cache'),
    builder,
    command,
    ...(timestamp && { timestamp }),
    repeat: { build, inputs, folders: sources === undefined ? 'archived' : 'here' },
    onProgress,
  }
}

/** Out of the evidence, else out of the inputs, which find by digest too. */
async function documentOf(
  evidence: ReleaseEvidence,
  inputs: InputStore,
  what: string,
  digest: Digest,
): Promise<Uint8Array> {
  const here = objectIn(evidence, digest)
  if (here) return here
  const path = await inputs.find(digest)
  return path === undefined ? neededObject(evidence, what, digest) : readFile(path)
}

function lockOf(lock: Digest | undefined): Digest {
  if (lock) return lock
  throw new VerifyError('verify/missing', 'cannot rebuild: the provenance names no lock')
}

/** When the sources were made, where the first build was told. */
function timestampOf(sbom: Uint8Array): Date | undefined {
  const { metadata } = JSON.parse(fromUtf8(sbom)) as { metadata?: { timestamp?: string } }
  return metadata?.timestamp === undefined ? undefined : new Date(metadata.timestamp)
}

/**
 * Everything but signatures must come out again: the tree, the SBOM, the statement, and the record,
 * in which the envelope with the builder's signature is the one that was signed.
 */
function refuseDifference(
  evidence: ReleaseEvidence,
  { record, provenance }: VerifiedRelease,
  rebuilt: PackResult,
): void {
  if (rebuilt.treeDigest !== record.tree.digest)
    throw otherTree(evidence, record.tree.digest, rebuilt)
  const { mud, hygiene, ...release } = rebuilt.release
  // Records from before there were these have none.
  const same = {
    ...(record.mud && mud && { mud }),
    ...(record.hygiene && hygiene && { hygiene }),
    provenance: record.provenance,
  }
  const again = toRecordBytes({ ...release, ...same })
  const outcomes: [what: string, signed: Digest, found: Digest][] = [
    ['SBOM', record.sbom.digest, digestOf(rebuilt.sbom)],
    ['provenance statement', provenance.statement, digestOf(rebuilt.statement)],
    ['release record', digestOf(toRecordBytes(record)), digestOf(again)],
  ]
  for (const [what, signed, found] of outcomes) {
    if (signed === found) continue
    const message = `cannot rebuild the same: the ${what} is ${found}, ${signed} was signed`
    throw new VerifyError('verify/rebuild', message, { what, signed, found })
  }
}

function otherTree(evidence: ReleaseEvidence, signed: Digest, rebuilt: PackResult): VerifyError {
  const listing = parseTree(neededObject(evidence, 'the tree', signed))
  const paths = differencesBetween(listing, rebuilt.tree).map(
    ({ path, fact }) => `${path}: ${fact}`,
  )
  const found = rebuilt.treeDigest
  const message = `cannot rebuild the same: the tree is ${found}, ${signed} was signed; ${paths.length} paths differ`
  return new VerifyError('verify/rebuild', message, { what: 'tree', signed, found, paths })
}

function rebuildLink({ treeDigest, sbom, statement }: PackResult): Link {
  return {
    name: 'rebuild',
    says: [`built again from the same inputs, here: the same tree, SBOM, statement and record`],
    facts: { tree: treeDigest, sbom: digestOf(sbom), statement: digestOf(statement) },
  }
}
