import type { RefreshOptions } from './catalogue.ts'
import { TrustError } from './error.ts'
import {
  type Metadata,
  parseMetadata,
  type Root,
  refuseUnsigned,
  type Snapshot,
  type Timestamp,
} from './metadata.ts'
import { refuseExpired, refuseRollback } from './refusal.ts'
import {
  fetchPromised,
  keySetName,
  lengthCaps,
  orUndefined,
  refuseBelowCatalogueFloor,
  refuseOtherFile,
  refuseOtherVersion,
  repositoryFile,
  topRole,
} from './role.ts'

/** The newest timestamp. TUF §5.4 */
export async function refreshTimestamp(options: RefreshOptions, root: Root): Promise<Timestamp> {
  const { store, fetcher, now } = options
  const check = signedBy('timestamp', root)
  const held = await orUndefined(store.read('timestamp.json'), check)
  const bytes = await fetchPromised(fetcher, 'timestamp.json', lengthCaps.timestamp) // §5.4.1
  const offered = check(bytes) // §5.4.2
  if (held) refuseOlderTimestamp(held.signed, offered.signed)
  refuseBelowCatalogueFloor(options, keySetName(root, 'timestamp'), offered.signed.version)
  // §5.4.3.1: a second file of one version is set aside, and the first one stays.
  if (held?.signed.version === offered.signed.version) {
    refuseExpired('timestamp', held.signed.expires, now)
    return held.signed
  }
  refuseExpired('timestamp', offered.signed.expires, now) // §5.4.4, checked last
  await store.commit(new Map([['timestamp.json', bytes]])) // §5.4.5
  return offered.signed
}

/** The snapshot that the timestamp names. TUF §5.5 */
export async function refreshSnapshot(
  options: RefreshOptions,
  root: Root,
  timestamp: Timestamp,
): Promise<Snapshot> {
  const { store, fetcher, now } = options
  const meta = timestamp.meta['snapshot.json']
  const file = repositoryFile(root, 'snapshot', meta.version)
  const check = signedBy('snapshot', root)
  const accept = (bytes: Uint8Array): Snapshot => {
    refuseOtherFile(file, meta, bytes) // §5.5.2
    const { signed } = check(bytes) // §5.5.3
    refuseOtherVersion(file, meta, signed.version) // §5.5.4
    refuseBelowCatalogueFloor(options, keySetName(root, 'snapshot'), signed.version)
    return signed
  }
  const kept = await orUndefined(store.read('snapshot.json'), accept)
  if (kept && kept.expires > now) return kept
  const bytes = await fetchPromised(fetcher, file, meta.length ?? lengthCaps.snapshot) // §5.5.1
  const offered = accept(bytes)
  const held = await orUndefined(store.read('snapshot.json'), check)
  if (held) refuseOlderTargets(held.signed, offered) // §5.5.5
  refuseExpired('snapshot', offered.expires, now) // §5.5.6, checked last
  await store.commit(new Map([['snapshot.json', bytes]])) // §5.5.7
  return offered
}

/** §5.4.3: neither the timestamp nor the snapshot it names goes back. */
function refuseOlderTimestamp(held: Timestamp, offered: Timestamp): void {
  refuseRollback('timestamp', held.version, offered.version) // §5.4.3.1
  if (held.version === offered.version) return
  const [before, after] = [held, offered].map(({ meta }) => meta['snapshot.json'].version)
  refuseRollback('snapshot', before ?? 0, after ?? 0) // §5.4.3.2
}

/** §5.5.5: no role file goes back, and none that was named is left out. */
function refuseOlderTargets(held: Snapshot, offered: Snapshot): void {
  refuseRollback('snapshot', held.version, offered.version) // Uptane §5.4.4.5.4
  for (const [file, { version }] of held.meta) {
    const after = offered.meta.get(file)
    if (after === undefined) {
      const message = `cannot accept snapshot ${offered.version}: it no longer names ${file}`
      throw new TrustError('trust/rollback', message, { file, held: version })
    }
    refuseRollback(file, version, after.version)
  }
}

function signedBy<T extends 'timestamp' | 'snapshot'>(
  type: T,
  root: Root,
): (bytes: Uint8Array) => Metadata<T> {
  return bytes => {
    const offered = parseMetadata<T>(type, bytes)
    refuseUnsigned(type, offered, topRole(root, type))
    return offered
  }
}
