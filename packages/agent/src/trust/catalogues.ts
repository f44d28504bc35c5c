import { type Digest, isCoded } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import { type Client, getFileOfCatalogue } from '@steadfleet/protocol'
import { type Catalogue, type Fetcher, refreshCatalogue } from '@steadfleet/trust'
import { readLimited } from '../server/read-limited.ts'
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
  const fetcher = remembering(fetcherOf(context.client, name))
  let refreshed: Promise<Catalogue> | undefined
  return {
    async find(path) {
      refreshed ??= refresh(context, fetcher, name, root)
      try {
        return await judged(fetcher.last, async () => (await refreshed)?.find(path))
      } catch (error) {
        context.suspect(error)
        throw error
      }
    },
  }
}

async function refresh(
  { client, trust, now }: CatalogueContext,
  fetcher: Fetcher,
  name: string,
  root: Digest,
): Promise<Catalogue> {
  const firstRootFile = await trust.firstRootFile(root)
  const catalogue = await refreshCatalogue({
    store: withLoggedRoots(trust.catalogueFiles(name), root, loggedBy(client, trust)),
    fetcher,
    now: trust.time(now),
    firstRoot: root,
    ...(firstRootFile && { firstRootFile }),
    floors: trust.floors,
    name,
  })
  await trust.raise(catalogue.floors)
  return catalogue
}

function fetcherOf(client: Client, catalogue: string): Fetcher {
  return {
    async fetch(file, limit) {
      try {
        const { body } = await client.open(getFileOfCatalogue, {
          params: { catalogue: parsePublisherName(catalogue), file },
        })
        return await readLimited(body, limit, file)
      } catch (error) {
        if (isCoded(error, 'content/unknown') || hasStatus(error, 404)) return undefined
        throw error
      }
    },
  }
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && 'status' in error && error.status === status
}
