import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  addReleases,
  releasesWorthBins,
  releaseTarget,
  roleFor,
  type SignedTargets,
} from '@steadfleet/authority'
import type { Architecture, PackageName } from '@steadfleet/domain'
import { buildersOf, openProvenance, refuseRetired } from '@steadfleet/evidence'
import { listReleases, type ReleaseView } from '@steadfleet/protocol'
import { type CataloguePlace, placeOf } from '../catalogue/place.ts'
import { openPolicyDraft } from '../catalogue/policy-draft.ts'
import { CliError } from '../error.ts'
import { builderKey } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { noteSigned } from '../log/signed-list.ts'
import {
  type DeclaredPackage,
  type JudgedFinding,
  type PackedRelease,
  type PackProgress,
  type PackResult,
  readManifest,
} from '../pack/index.ts'
import { type BuildChoices, build } from './build.ts'
import { makeBuilder } from './builder.ts'
import { documentsOf, withBins } from './held-bins.ts'
import { type DraftedRole, putRole, type RoleSigning } from './put-role.ts'
import { heldRole } from './role.ts'
import { type Uploaded, uploadMissing } from './upload.ts'

/** What shall be published, and who hears how it goes. */
export interface Publication extends BuildChoices, RoleSigning {
  /** The folder of a package, or its manifest. */
  readonly path: string
  readonly architectures: readonly Architecture[]
  /** Absent: the one after the highest that was published. */
  readonly revision?: number
  /** The lowest revision that a device takes once this one has proved itself on it. */
  readonly floor?: number
  /** Absent: where the package was adopted to, or the fleet's first catalogue. */
  readonly catalogue?: string
  readonly cache: string
  readonly now: Date
  readonly say: (line: string) => void
}

/** A revision that is in the catalogue, or in the draft of a role that others must sign too. */
export interface Published {
  readonly package: PackageName
  readonly version: string
  readonly revision: number
  readonly releases: readonly PublishedRelease[]
  readonly drafted?: DraftedRole
}

export interface PublishedRelease {
  readonly architecture: Architecture
  readonly record: string
  readonly tree: string
  /** Bytes of all objects of the release; and what of them had to be sent. */
  readonly footprint: number
  readonly uploaded: Uploaded
  /** What was found in its tree, where it was packed here. */
  readonly hygiene?: readonly JudgedFinding[]
}

/** Packs, sends what the server lacks, and signs the publisher's next role version with its own key. */
export async function publishPackage(fleet: Fleet, what: Publication): Promise<Published> {
  const declared = await readManifest(manifestAt(what.path))
  const name = nameOf(declared)
  const place = await placeFor(fleet, name, what.catalogue)
  const held = await fleet.client.call(listReleases, { query: { package: name } })
  const revision = what.revision ?? nextRevision(held)
  const releases: { packed: PackResult; uploaded: Uploaded }[] = []
  for (const architecture of what.architectures) {
    const packed = await packRelease(fleet, declared, {
      ...what,
      architecture,
      revision,
      ...sizeBeforeOf(held, architecture, revision),
    })
    releases.push({ packed, uploaded: await upload(fleet, packed, what) })
  }
  const drafted = await signRole(
    fleet,
    releases.map(({ packed }) => packed),
    { ...what, place },
  )
  return {
    package: name,
    version: declared.manifest.version,
    revision,
    releases: releases.map(({ packed, uploaded }) => toPublished(packed, uploaded)),
    ...(drafted && { drafted }),
  }
}

export function toPublished(
  packed: PackedRelease & Partial<Pick<PackResult, 'hygiene'>>,
  uploaded: Uploaded,
): PublishedRelease {
  return {
    architecture: packed.release.architecture,
    record: packed.recordDigest,
    tree: packed.treeDigest,
    footprint: packed.footprint,
    uploaded,
    ...(packed.hygiene && { hygiene: packed.hygiene }),
  }
}

/** The manifest that a path means: itself, or the `steadfleet.yaml` of a folder. */
export function manifestAt(path: string): string {
  const isFolder = existsSync(path) && statSync(path).isDirectory()
  return isFolder ? join(path, 'steadfleet.yaml') : path
}

/** `acme/greenhouse`, as a manifest declares it. */
export function nameOf({ manifest }: DeclaredPackage): PackageName {
  return `${manifest.publisher}/${manifest.name}` as PackageName
}

function nextRevision(held: readonly ReleaseView[]): number {
  return Math.max(0, ...held.map(({ revision }) => revision)) + 1
}

/** The size of the newest earlier revision's tree, where there is one. */
function sizeBeforeOf(
  held: readonly ReleaseView[],
  architecture: Architecture,
  revision: number,
): { sizeBefore?: number } {
  const earlier = held
    .filter(one => one.architecture === architecture && one.revision < revision)
    .sort((a, b) => a.revision - b.revision)
    .at(-1)
  return earlier ? { sizeBefore: earlier.size } : {}
}

/**
 * The catalogue to publish in, where it is not the first: the one that was asked for, or the one that
 * the owner adopted the package into. Another publisher's package that was not adopted is refused.
 */
export async function placeFor(
  fleet: Fleet,
  name: PackageName,
  asked: string | undefined,
): Promise<CataloguePlace | undefined> {
  const { home, client } = fleet
  const isOwn = name.startsWith(`${home.publisher}/`)
  if (isOwn && asked === undefined) return undefined
  const { held } = await openPolicyDraft(fleet)
  const adoption = held.adoptions?.find(one => one.package === name)
  const isAdopted = adoption?.to.publisher === home.publisher
  if (!isOwn && !isAdopted) refuseOtherPublisher(fleet, name)
  return placeOf(home, client, held, asked ?? adoption?.to.catalogue ?? '')
}

function refuseOtherPublisher({ home }: Fleet, name: PackageName): never {
  const message = `cannot publish ${name}: this fleet's key is of the name space ${home.publisher}`
  const facts = { package: name, 'name-space': home.publisher }
  throw new CliError('cli/name-space', message, facts)
}

async function packRelease(
  { home }: Fleet,
  declared: DeclaredPackage,
  {
    cache,
    say,
    ...what
  }: Publication & { architecture: Architecture; revision: number; sizeBefore?: number },
): Promise<PackResult> {
  say(`packing ${nameOf(declared)} revision ${what.revision} for ${what.architecture}`)
  const options = {
    declared,
    architecture: what.architecture,
    revision: what.revision,
    ...(what.floor !== undefined && { floor: what.floor }),
    ...(what.sizeBefore !== undefined && { sizeBefore: what.sizeBefore }),
    cache,
    ...makeBuilder(what.builder?.id, await builderKey(home, what.builder?.key)),
    onProgress: ({ step, what: thing }: PackProgress) => say(`${step} ${thing}`),
  }
  return build(options, what)
}

export async function upload(
  { client }: Fleet,
  packed: PackedRelease,
  { say }: Pick<Publication, 'say'>,
): Promise<Uploaded> {
  say(`asking which of ${packed.objects.size} objects the server lacks`)
  return uploadMissing(client, packed, (sent, total) => {
    say(`sent ${Math.floor((sent / total) * 100)} % of ${(total / 1e6).toFixed(1)} MB`)
  })
}

/** Signs the role with these releases in it; answers with a draft where its keys do not suffice. */
export async function signRole(
  fleet: Fleet,
  releases: readonly PackedRelease[],
  {
    place,
    ...what
  }: RoleSigning &
    Pick<Publication, 'now' | 'say'> & { readonly place: CataloguePlace | undefined },
): Promise<DraftedRole | undefined> {
  const { home, client } = fleet
  what.say(`signing role ${home.publisher} with its own keys`)
  const held = await heldRole(home, client, what.now, place)
  for (const one of releases) refuseUncounted(held.signed, one)
  const { publisher } = home
  const named = releases.map(({ release, record }) => releaseTarget(release, record))
  const roles = named.map(({ path }) => roleFor(publisher, held.signed, path))
  const full = await withBins(held, roles)
  const grown = addReleases(publisher, documentsOf(full, publisher), named)
  adviseBins(held.signed, what.say)
  // Before the signature exists: what the log holds and this list does not, somebody else signed.
  await noteSigned(home, releases.map(toTarget))
  return putRole(fleet, full, grown, { ...what, ...(place && { catalogue: place.name }) })
}

/** In one file, each release makes every publication and every device's next fetch longer. */
function adviseBins({ targets }: SignedTargets, say: Publication['say']): void {
  const count = Object.keys(targets).length
  if (count < releasesWorthBins) return
  say(`${count} releases are in one file: see steadfleet publisher bins --help`)
}

/** What another builder built is not signed: the server would refuse it, and the signature would be there. */
function refuseUncounted(held: SignedTargets, { release, provenance }: PackedRelease): void {
  const builders = buildersOf(held)
  if (builders) refuseRetired(openProvenance(provenance, builders, release))
}

function toTarget({ release, record, recordDigest }: PackedRelease) {
  return { path: releaseTarget(release, record).path, digest: recordDigest, length: record.length }
}
