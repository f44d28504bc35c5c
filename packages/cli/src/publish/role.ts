import { join } from 'node:path'
import {
  type CatalogueSet,
  makeDelegatedRole,
  readSigned,
  type SignedTargets,
} from '@steadfleet/authority'
import type { Client } from '@steadfleet/protocol'
import {
  type CatalogueStore,
  type Fetcher,
  parseMetadata,
  refreshCatalogue,
  refuseUnsigned,
  type SigningRole,
  toSigningRole,
} from '@steadfleet/trust'
import type { CataloguePlace } from '../catalogue/place.ts'
import { CliError } from '../error.ts'
import type { Home } from '../fleet/home.ts'
import { catalogueFetcher, fileStore } from './catalogue-files.ts'
import { namedFile } from './named-file.ts'

/** A publisher's role as it stands, and the catalogue that says whose keys sign the next one. */
export interface HeldRole {
  readonly signed: SignedTargets
  /** Who must sign it, and its bins. */
  readonly by: SigningRole
  /** The role and those of its bins that were asked for are in it. */
  readonly catalogue: CatalogueSet & Required<Pick<CatalogueSet, 'snapshot'>>
  readonly fetcher: Fetcher
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
  const by = toSigningRole(keys, delegation)
  const snapshot = parseMetadata('snapshot', await readHeld(store, 'snapshot.json'))
  const bytes = await namedFile(publisher, snapshot, fetcher)
  if (!bytes) {
    const signed = makeDelegatedRole(0, {}, now)
    return { signed, by, fetcher, catalogue: { root, targets, snapshot, roles: new Map() } }
  }
  const role = parseMetadata('targets', bytes)
  refuseUnsigned(publisher, role, by)
  const catalogue = { root, targets, snapshot, roles: new Map([[publisher, role]]) }
  return { signed: readSigned('targets', bytes), by, fetcher, catalogue }
}

/** The catalogue that the fleet was made with. */
export function firstPlace(home: Home, client: Client): Omit<CataloguePlace, 'name'> {
  const store = fileStore(join(home.directory, 'catalogue.json'))
  return { root: home.catalogueRoot, store, fetcher: catalogueFetcher(client) }
}

async function readHeld(store: CatalogueStore, name: string): Promise<Uint8Array> {
  return (await store.read(name)) ?? new Uint8Array()
}
