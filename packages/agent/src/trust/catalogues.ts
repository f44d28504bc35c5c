import type { Digest } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import { type Client, fetchIfThere, getFileOfCatalogue } from '@steadfleet/protocol'
import {
  type Catalogue,
  type Fetcher,
  type Floors,
  type RefreshOptions,
  refreshCatalogue,
  type Target,
} from '@steadfleet/trust'
import { gathering } from './gathering.ts'
import { loggedBy } from './log-check.ts'
import { withLoggedRoots } from './log-claims.ts'
import { judged, remembering } from './offered.ts'
import type { TrustState } from './trust-state.ts'

/** What following catalogues needs. */
export interface CatalogueContext {
  readonly client: Client
  readonly trust: TrustState
  readonly now: Date
  /** Hears of a catalogue that can't be refreshed, also where nothing of it is needed after all. */
  readonly suspect: (error: unknown) => void
}

/** The catalogues of the policy. Each is refreshed when it is first asked, and for itself alone. */
export function openCatalogues(
  context: CatalogueContext,
): ReadonlyMap<string, Pick<Catalogue, 'find'>> {
  const { catalogues } = context.trust.policy
  return new Map(catalogues.map(({ name, root }) => [name, openCatalogue(context, name, root)]))
}

function openCatalogue(
  context: CatalogueContext,
  name: string,
  root: Digest,
): Pick<Catalogue, 'find'> {
  const { client, trust, suspect } = context
  const store = gathering(trust.catalogueFiles(name))
  const fetcher = remembering(fetcherOf(client, name))
  let refreshed: Promise<Catalogue> | undefined
  let floors: Floors = new Map()
  const look = async (path: string): Promise<Target | undefined> => {
    refreshed ??= refresh(context, { store, fetcher, name, firstRoot: root })
    const catalogue = await refreshed
    floors = catalogue.floors
    return catalogue.find(path)
  }
  return {
    async find(path) {
      try {
        return await judged(fetcher.last, () => look(path))
      } catch (error) {
        suspect(error)
        throw error
      } finally {
        // The floors last: the files that they are of are on the disk by then.
        await store.keep()
        await trust.raise(floors)
      }
    },
  }
}

async function refresh(
  { client, trust, now }: CatalogueContext,
  own: Pick<RefreshOptions, 'store' | 'fetcher' | 'firstRoot'> & { readonly name: string },
): Promise<Catalogue> {
  const firstRootFile = await trust.firstRootFile(own.firstRoot)
  return refreshCatalogue({
    ...own,
    store: withLoggedRoots(own.store, own.firstRoot, loggedBy(client, trust)),
    now: trust.time(now),
    ...(firstRootFile && { firstRootFile }),
    floors: trust.floors,
  })
}

function fetcherOf(client: Client, name: string): Fetcher {
  const catalogue = parsePublisherName(name)
  return {
    fetch(file, limit) {
      const params = { catalogue, file }
      return fetchIfThere(file, () => client.open(getFileOfCatalogue, { params }), limit)
    },
  }
}
