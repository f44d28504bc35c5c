import { digestOf, toHexDigest } from '@steadfleet/base'
import { type Fetcher, type Metadata, TrustError } from '@steadfleet/trust'

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
