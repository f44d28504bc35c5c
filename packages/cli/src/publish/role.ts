import { join } from 'node:path'
import {
  makeDelegatedRole,
  readSigned,
  type SignedTargets,
  type Signer,
} from '@steadfleet/authority'
import { digestOf, toHexDigest } from '@steadfleet/base'
import type { Client } from '@steadfleet/protocol'
import {
  type CatalogueStore,
  type Fetcher,
  parseMetadata,
  refreshCatalogue,
  refuseUnsigned,
  TrustError,
} from '@steadfleet/trust'
import type { CataloguePlace } from '../catalogue/place.ts'
import { CliError } from '../error.ts'
import type { Home } from '../fleet/home.ts'
import { catalogueFetcher, fileStore } from './catalogue-files.ts'

/**
 * The publisher's role as it stands, to add a release to. The server is not believed: the catalogue
 * is verified from its first root, held against what this machine saw before, and the role must be
 * signed by the publisher's own key. So no server can slip a release in, or have one forgotten.
 */
export async function heldRole(
  home: Home,
  client: Client,
  signer: Signer,
  now: Date,
  place: Omit<CataloguePlace, 'name'> = firstPlace(home, client),
): Promise<SignedTargets> {
  const { store, fetcher, root } = place
  await refreshCatalogue({ store, fetcher, now, firstRoot: root })
  const bytes = await roleFile(home.publisher, store, fetcher)
  if (!bytes) return makeDelegatedRole(0, {}, now)
  refuseUnsigned(home.publisher, parseMetadata('targets', bytes), {
    keys: [signer.key],
    threshold: 1,
  })
  return readSigned('targets', bytes)
}

/** The catalogue that the fleet was made with. */
export function firstPlace(home: Home, client: Client): Omit<CataloguePlace, 'name'> {
  const store = fileStore(join(home.directory, 'catalogue.json'))
  return { root: home.catalogueRoot, store, fetcher: catalogueFetcher(client) }
}

/**
 * The file of the role that the verified snapshot names. It may have expired: its successor won't.
 * A publisher who is new has none yet.
 */
async function roleFile(
  publisher: string,
  store: CatalogueStore,
  fetcher: Fetcher,
): Promise<Uint8Array | undefined> {
  const snapshot = readSigned('snapshot', (await store.read('snapshot.json')) ?? new Uint8Array())
  const named = snapshot.meta[`${publisher}.json`]
  if (!named && (await isDelegated(publisher, store))) return undefined
  if (!named) {
    const message = `cannot publish as ${publisher}: the catalogue has no such role`
    throw new CliError('cli/not-found', message, { publisher })
  }
  const file = `${named.version}.${publisher}.json`
  const bytes = await fetcher.fetch(file, named.length)
  if (bytes && toHexDigest(digestOf(bytes)) === named.hashes.sha256) return bytes
  throw new TrustError('trust/mix-and-match', `cannot trust ${file}: not what the snapshot names`)
}

async function isDelegated(publisher: string, store: CatalogueStore): Promise<boolean> {
  const targets = await store.read('targets.json')
  const { delegations } = readSigned('targets', targets ?? new Uint8Array())
  return delegations?.roles.some(({ name }) => name === publisher) ?? false
}
