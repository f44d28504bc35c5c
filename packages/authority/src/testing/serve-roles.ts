import { type RoleDocuments, spreadReleases } from '../bins.ts'
import { makeTimestamp, nextSnapshot, nextVersion, signMetadata } from '../metadata.ts'
import { freshen, type PretendCatalogue } from './pretend-catalogue.ts'
import { pretendSigner } from './pretend-store.ts'

const acme = pretendSigner('acme')

/** The documents of acme's releases, spread over 2^`bits` bins: the next versions, to be signed. */
export function spreadAcme({ signed }: PretendCatalogue, bits: number, now: Date): RoleDocuments {
  const by = { keys: [acme.key], threshold: 1 }
  const held = new Map([['acme', signed.acme]])
  const spread = spreadReleases({ publisher: 'acme', by, versionOf: () => 0, now }, held, bits)
  return new Map([...spread].map(([role, one]) => [role, nextVersion(one, 'publisher', now)]))
}

/** Puts acme's documents in force, as a server does: all of them first, the timestamp last. */
export async function serveRoles(
  catalogue: PretendCatalogue,
  documents: RoleDocuments,
  now: Date,
): Promise<void> {
  const { files, signed, keys } = catalogue
  const roles = new Map<string, Uint8Array>()
  for (const [role, one] of documents) {
    const file = await signMetadata(one, [acme])
    roles.set(role, file)
    files.set(`${one.version}.${role}.json`, file)
  }
  signed.acme = documents.get('acme') ?? signed.acme
  await freshen(catalogue, now)
  signed.snapshot = nextSnapshot(signed.snapshot, roles, now)
  const snapshot = await signMetadata(signed.snapshot, keys.snapshot)
  files.set(`${signed.snapshot.version}.snapshot.json`, snapshot)
  const timestamp = makeTimestamp(signed.timestamp.version + 1, snapshot, now)
  files.set('timestamp.json', await signMetadata(timestamp, keys.timestamp))
}
