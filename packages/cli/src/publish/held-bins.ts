import { isBin, type RoleDocuments, readSigned } from '@steadfleet/authority'
import { digestOf, sideBySide, toHexDigest } from '@steadfleet/base'
import {
  type Fetcher,
  type Metadata,
  parseMetadata,
  refuseUnsigned,
  TrustError,
} from '@steadfleet/trust'
import type { HeldRole } from './role.ts'

/** The role together with these bins of it, each as the snapshot names it and the publisher signed it. */
export async function withBins(held: HeldRole, names: Iterable<string>): Promise<HeldRole> {
  const { catalogue, by, fetcher } = held
  const lacking = [...new Set(names)].filter(name => isBin(name) && !catalogue.roles.has(name))
  const bins = await sideBySide(lacking, async name => {
    const bytes = await namedFile(name, catalogue.snapshot, fetcher)
    const bin = parseMetadata('targets', bytes ?? new Uint8Array())
    refuseUnsigned(name, bin, by)
    return [name, bin] as const
  })
  return { ...held, catalogue: { ...catalogue, roles: new Map([...catalogue.roles, ...bins]) } }
}

/** The documents that are at hand, to make next versions from. */
export function documentsOf(
  { signed, catalogue }: Pick<HeldRole, 'signed' | 'catalogue'>,
  publisher: string,
): RoleDocuments {
  const held = [...catalogue.roles].map(
    ([name, { bytes }]) => [name, readSigned('targets', bytes)] as const,
  )
  return new Map([[publisher, signed], ...held])
}

/**
 * The file of a role that the verified snapshot names. It may have expired: its successor won't.
 * A publisher who is new has none yet.
 */
export async function namedFile(
  role: string,
  snapshot: Metadata<'snapshot'>,
  fetcher: Fetcher,
): Promise<Uint8Array | undefined> {
  const named = snapshot.signed.meta.get(`${role}.json`)
  if (!named?.length) return undefined
  const file = `${named.version}.${role}.json`
  const bytes = await fetcher.fetch(file, named.length)
  if (bytes && toHexDigest(digestOf(bytes)) === named.hashes?.sha256) return bytes
  throw new TrustError('trust/mix-and-match', `cannot trust ${file}: not what the snapshot names`)
}
