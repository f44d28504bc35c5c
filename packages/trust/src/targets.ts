import type { RefreshOptions } from './catalogue.ts'
import { TrustError } from './error.ts'
import type { SigningRole } from './key.ts'
import {
  parseMetadata,
  type Root,
  refuseUnsigned,
  type Snapshot,
  type Targets,
} from './metadata.ts'
import { refuseExpired } from './refusal.ts'
import {
  fetchPromised,
  lengthCaps,
  orUndefined,
  refuseOtherFile,
  refuseOtherVersion,
  repositoryFile,
} from './role.ts'

/** Where role files are looked up: a store and a fetcher under one root and one snapshot. */
export interface TargetsSource extends Pick<RefreshOptions, 'store' | 'fetcher' | 'now'> {
  readonly root: Root
  readonly snapshot: Snapshot
}

/** The file of targets or of a delegated role, as the snapshot names it and `signers` signed it. TUF §5.6 */
export async function loadTargets(
  { store, fetcher, now, root, snapshot }: TargetsSource,
  role: string,
  signers: SigningRole,
): Promise<Targets> {
  const meta = snapshot.meta.get(`${role}.json`)
  if (meta === undefined) {
    const message = `cannot find ${role}: the snapshot does not name it`
    throw new TrustError('trust/missing-metadata', message, { role })
  }
  const accept = (bytes: Uint8Array): Targets => {
    refuseOtherFile(role, meta, bytes) // §5.6.2
    const offered = parseMetadata('targets', bytes)
    refuseUnsigned(role, offered, signers) // §5.6.3
    refuseOtherVersion(role, meta, offered.signed.version) // §5.6.4
    refuseExpired(role, offered.signed.expires, now) // §5.6.5, checked last
    return offered.signed
  }
  const name = storedName(role)
  const kept = await orUndefined(store.read(name), accept)
  if (kept) return kept
  const file = repositoryFile(root, role, meta.version)
  const bytes = await fetchPromised(fetcher, file, meta.length ?? lengthCaps.targets) // §5.6.1
  const offered = accept(bytes)
  await store.commit(new Map([[name, bytes]])) // §5.6.6
  return offered
}

/** The encoding leaves no separator and no `@` in a name; `targets` itself is never delegated. */
function storedName(role: string): string {
  return `${encodeURIComponent(role)}.json`
}
