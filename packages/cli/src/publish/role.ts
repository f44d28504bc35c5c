import { join } from 'node:path'
import {
  type CatalogueSet,
  makeDelegatedRole,
  readSigned,
  type SignedTargets,
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
  toSigningRole,
} from '@steadfleet/trust'
import type { CataloguePlace } from '../catalogue/place.ts'
import { CliError } from '../error.ts'
import type { Home } from '../fleet/home.ts'
import { catalogueFetcher, fileStore } from './catalogue-files.ts'

/** A publisher's role as it stands, and the catalogue that says whose keys sign the next one. */
export interface HeldRole {
  readonly signed: SignedTargets
  readonly catalogue: CatalogueSet
}

/**
 * The publisher's role as it stands, to add a release to. The server is not believed: the catalogue
 * is verified from its first root, held against what this machine saw before, and the role must be
 * signed by its keys at their threshold. So no server can slip a release in, or have one forgotten.
 */
export async function heldRole(
  home: Home,
  client: Client,
  now: Date,
  place: Omit<CataloguePlace, 'name'> = firstPlace(home, client),
): Promise<HeldRole> {
  const { publisher } = home
  const { store, fetcher, root: firstRoot } = place
  await refreshCatalogue({ store, fetcher, now, firstRoot })
  const root = parseMetadata('root', await readHeld(store, 'root.json'))
  const targets = parseMetadata('targets', await readHeld(store, 'targets.json'))
  const { keys = new Map(), roles = [] } = targets.signed.delegations ?? {}
  const delegation = roles.find(({ name }) => name === publisher)
  if (!delegation) {
    const message = `cannot publish as ${publisher}: nobody delegates to it in the catalogue`
    throw new CliError('cli/not-found', message, { publisher })
  }
  const bytes = await roleFile(publisher, store, fetcher)
  if (!bytes) {
    const signed = makeDelegatedRole(0, {}, now)
    return { signed, catalogue: { root, targets, roles: new Map() } }
  }
  const role = parseMetadata('targets', bytes)
  refuseUnsigned(publisher, role, toSigningRole(keys, delegation))
  const catalogue = { root, targets, roles: new Map([[publisher, role]]) }
  return { signed: readSigned('targets', bytes), catalogue }
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
  const snapshot = readSigned('snapshot', await readHeld(store, 'snapshot.json'))
  const named = snapshot.meta[`${publisher}.json`]
  if (!named) return undefined
  const file = `${named.version}.${publisher}.json`
  const bytes = await fetcher.fetch(file, named.length)
  if (bytes && toHexDigest(digestOf(bytes)) === named.hashes.sha256) return bytes
  throw new TrustError('trust/mix-and-match', `cannot trust ${file}: not what the snapshot names`)
}

async function readHeld(store: CatalogueStore, name: string): Promise<Uint8Array> {
  return (await store.read(name)) ?? new Uint8Array()
}
