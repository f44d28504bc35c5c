import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestOf } from '@steadfleet/base'
import { digestIn, envelopeDigest, type Hashes, type LogLeaf, toLeaf } from '@steadfleet/trust'
import type { Catalogues, Served } from '../catalogue/catalogues.ts'
import type { Owner } from '../owner.ts'

/** Documents whose leaves belong into the log. Of one name they are always the same. */
export interface LeafSource {
  readonly name: string
  readonly leaves: () => Promise<readonly Uint8Array[]>
}

/**
 * Whatever the log is to hold, in the order in which it does: ownership commitments, adoptions, and of
 * each catalogue its roots, then all that publishers signed. All of it lies on the disk, so that a
 * crash forgets none of it.
 */
export async function leafSources({
  catalogues,
  owner,
}: {
  readonly catalogues: Pick<Catalogues, 'all'>
  readonly owner: Owner
}): Promise<LeafSource[]> {
  const sources = await Promise.all(catalogues.all().map(catalogueSources))
  return [
    ...Array.from({ length: owner.rootVersion }, (_, i) => ownerSource(owner, i + 1)),
    adoptionSource(owner),
    ...sources.flat(),
  ]
}

/** The sources of the first catalogue have no name before theirs. */
async function catalogueSources({
  name: catalogueName,
  folder,
  isFirst,
  inForce,
}: Served): Promise<LeafSource[]> {
  const { roles: signedRoles } = inForce() ?? {}
  if (!signedRoles) return []
  const versions = await rootVersions(folder)
  const first = await catalogueDigest(folder)
  const roles = [...signedRoles].sort(([a], [b]) => (a < b ? -1 : 1))
  const prefix = isFirst ? '' : `${catalogueName}/`
  return [
    ...versions.map(version => ({
      name: `${prefix}root ${version}`,
      leaves: async () => {
        const digest = digestOf(await readFile(join(folder, `${version}.root.json`)))
        return [toLeaf({ type: 'root', catalogue: first, version, digest })]
      },
    })),
    ...roles.map(([name, { signed }]) => ({
      name: `${prefix}${name} ${signed.version}`,
      leaves: async () =>
        [...signed.targets].flatMap(([path, target]) => releaseLeaf(first, path, target) ?? []),
    })),
  ]
}

/** Whoever watches over a package sees here that an owner takes it from another publisher. */
function adoptionSource(owner: Owner): LeafSource {
  const { envelope, signed } = owner.policy()
  const digest = envelopeDigest(envelope)
  return {
    name: `adoptions ${signed.version} ${digest}`,
    leaves: async () =>
      (signed.adoptions ?? []).flatMap(one => {
        const to = signed.catalogues.find(({ name }) => name === one.to.catalogue)
        if (!to) return []
        return [toLeaf({ type: 'adoption', catalogue: to.root, package: one.package, digest })]
      }),
  }
}

/** The digest that names a catalogue: of its first root file. */
export async function catalogueDigest(folder: string): Promise<Digest> {
  return digestOf(await readFile(join(folder, '1.root.json')))
}

/** The leaf of a target; a target that is no release and no model is not logged. */
export function releaseLeaf(
  catalogue: Digest,
  path: string,
  { hashes, length }: { readonly hashes: Hashes; readonly length: number },
): Uint8Array | undefined {
  if (!isReleasePath(path)) return undefined
  return toLeaf({ type: 'release', catalogue, path, digest: digestIn(hashes, path), length })
}

function ownerSource(owner: Owner, version: number): LeafSource {
  return {
    name: `owner ${version}`,
    leaves: async () => {
      const envelope = owner.rootAt(version)
      return envelope ? [toLeaf({ type: 'owner', digest: envelopeDigest(envelope) })] : []
    },
  }
}

async function rootVersions(folder: string): Promise<number[]> {
  const versions = (await readdir(folder)).flatMap(file => {
    const version = /^([1-9]\d*)\.root\.json$/.exec(file)?.[1]
    return version ? [Number(version)] : []
  })
  return versions.sort((a, b) => a - b)
}

type ReleasePath = Extract<LogLeaf, { type: 'release' }>['path']

/** `publisher/name/REVISION/ARCHITECTURE`. */
function isReleasePath(path: string): path is ReleasePath {
  return /^[^/]+\/[^/]+\/[1-9][0-9]*\/(amd64|arm64|all)$/.test(path)
}
