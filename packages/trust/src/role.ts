import { digestOf, toCanonical, toHexDigest } from '@steadfleet/base'
import type { Fetcher, RefreshOptions } from './catalogue.ts'
import { TrustError } from './error.ts'
import { type Hashes, refuseOtherHash } from './hashes.ts'
import { type SigningRole, toSigningRole } from './key.ts'
import type { FileMeta, Root } from './metadata.ts'
import { refuseRollback } from './refusal.ts'

export type TopRole = keyof Root['roles']

/** The most bytes a file may have where no signed length says it. TUF §5.3.3, §5.4.1, §5.5.1, §5.6.1 */
export const lengthCaps = {
  root: 512_000,
  timestamp: 16_384,
  snapshot: 2_000_000,
  targets: 8_000_000,
} as const

/** The keys and threshold of a top-level role. TUF §4.3 */
export function topRole(root: Root, name: TopRole): SigningRole {
  return toSigningRole(root.keys, root.roles[name])
}

interface KeySets<Name extends string> {
  readonly roles: Readonly<Record<Name, { readonly keyids: readonly string[]; threshold: number }>>
}

/**
 * The name of a role's floor, which is one for each set of keys: new keys begin a new floor, and so
 * recover from a stolen key that signed version 2⁵³. TUF §5.3.11
 */
export function keySetName<Name extends string>(root: KeySets<Name>, name: Name): string {
  const { keyids, threshold } = root.roles[name]
  const keySet = toCanonical({ keyids: keyids.toSorted(), threshold })
  return `${name}@${toHexDigest(digestOf(keySet)).slice(0, 16)}`
}

/** The full name of one of a catalogue's floors. */
export function floorName(catalogue: string | undefined, part: string): string {
  return `catalogue/${catalogue ?? 'default'}/${part}`
}

/** Refuses a version below the device's floor, whatever the store says or has lost. */
export function refuseBelowCatalogueFloor(
  { floors, name }: RefreshOptions,
  part: string,
  version: number,
): void {
  refuseRollback(`catalogue ${part}`, floors?.get(floorName(name, part)) ?? 0, version)
}

/** The file's bytes, at most `limit` of them, or undefined where it is not there. */
export async function fetchCapped(
  fetcher: Fetcher,
  file: string,
  limit: number,
): Promise<Uint8Array | undefined> {
  const bytes = await fetcher.fetch(file, limit)
  if (bytes === undefined || bytes.length <= limit) return bytes
  throw new TrustError('trust/endless-data', `cannot take ${file}: over ${limit} bytes`, { file })
}

/** {@link fetchCapped} for a file that signed metadata promises. */
export async function fetchPromised(
  fetcher: Fetcher,
  file: string,
  limit: number,
): Promise<Uint8Array> {
  const bytes = await fetchCapped(fetcher, file, limit)
  if (bytes) return bytes
  throw new TrustError('trust/missing-metadata', `cannot find ${file}`, { file })
}

/** Refuses bytes of another length or digest than signed metadata names. TUF §5.5.2, §5.6.2 */
export function refuseOtherFile(
  file: string,
  meta: Pick<FileMeta, 'length' | 'hashes'>,
  bytes: Uint8Array,
): void {
  if (meta.length !== undefined && meta.length !== bytes.length) {
    const message = `cannot trust ${file}: ${bytes.length} bytes, not ${meta.length}`
    throw new TrustError('trust/mismatch', message, { file })
  }
  if (meta.hashes !== undefined) refuseOtherHash(file, meta.hashes, bytes)
}

/** Refuses a version that differs from the one that signed metadata names. TUF §5.5.4, §5.6.4 */
export function refuseOtherVersion(file: string, meta: FileMeta, version: number): void {
  if (meta.version === version) return
  const message = `cannot trust ${file}: version ${version}, not ${meta.version}`
  throw new TrustError('trust/mix-and-match', message, { file, version, expected: meta.version })
}

/** What `check` makes of stored bytes; undefined where there are none or they do not hold. */
export async function orUndefined<T>(
  stored: Promise<Uint8Array | undefined>,
  check: (bytes: Uint8Array) => T,
): Promise<T | undefined> {
  const bytes = await stored
  if (bytes === undefined || bytes.length === 0) return undefined
  try {
    return check(bytes)
  } catch (error) {
    // The second way is the network: a torn file or one signed by rotated keys is fetched anew, and
    // the floors keep an older one from taking its place.
    if (error instanceof TrustError) return undefined
    throw error
  }
}

/** The name of a file in the repository. TUF §6.2 (consistent snapshots) */
export function repositoryFile(root: Root, role: string, version: number): string {
  const file = `${encodeURIComponent(role)}.json`
  return root.consistent_snapshot ? `${version}.${file}` : file
}

/** Where a target's file lies under the target URL: its digest before its name. TUF §5.7.3, §6.2 */
export function targetFile(root: Root, path: string, { sha256, sha512 }: Hashes): string {
  const digest = sha256 ?? sha512
  if (!root.consistent_snapshot || digest === undefined) return path
  const name = path.lastIndexOf('/') + 1
  return `${path.slice(0, name)}${digest}.${path.slice(name)}`
}
