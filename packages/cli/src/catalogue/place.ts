import { join } from 'node:path'
import type { Digest } from '@steadfleet/base'
import { type PublisherName, parsePublisherName } from '@steadfleet/domain'
import { type Client, fetchIfThere, getFileOfCatalogue } from '@steadfleet/protocol'
import type { CatalogueStore, Fetcher, TrustPolicy } from '@steadfleet/trust'
import { CliError } from '../error.ts'
import type { Home } from '../fleet/home.ts'
import { fileStore } from '../publish/catalogue-files.ts'

/** A further catalogue as this machine follows it: its root is the one that the policy pins. */
export interface CataloguePlace {
  readonly name: PublisherName
  readonly root: Digest
  readonly store: CatalogueStore
  readonly fetcher: Fetcher
}

/** The catalogue of this name in a policy. */
export function placeOf(
  home: Home,
  client: Client,
  policy: TrustPolicy,
  typed: string,
): CataloguePlace {
  const name = parsePublisherName(typed)
  const named = policy.catalogues.find(one => one.name === name)
  if (!named) {
    const message = `cannot find catalogue ${name} in the policy`
    throw new CliError('cli/not-found', message, { catalogue: name })
  }
  return placeAt(home, client, name, named.root)
}

/** A catalogue under a root that the caller vouches for. */
export function placeAt(
  home: Home,
  client: Client,
  name: PublisherName,
  root: Digest,
): CataloguePlace {
  const store = fileStore(join(home.directory, `catalogue-${name}.json`))
  return { name, root, store, fetcher: fetcherOf(client, name) }
}

function fetcherOf(client: Client, catalogue: PublisherName): Fetcher {
  return {
    fetch(file, limit) {
      const params = { catalogue, file }
      return fetchIfThere(file, () => client.open(getFileOfCatalogue, { params }), limit)
    },
  }
}
