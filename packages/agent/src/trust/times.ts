import { fromBase64, isCoded, isJsonObject, parseStrictJson } from '@steadfleet/base'
import type { BodyOf, Client, checkIn, ReplyOf } from '@steadfleet/protocol'
import { type Fetcher, refreshTimes } from '@steadfleet/trust'
import { gathering } from './gathering.ts'
import { loggedBy } from './log-check.ts'
import { withLoggedRoots } from './log-claims.ts'
import { judged, remembering } from './offered.ts'
import type { TrustState } from './trust-state.ts'

export type HeldVersions = NonNullable<BodyOf<typeof checkIn>['catalogues']>
export type NewerFiles = NonNullable<ReplyOf<typeof checkIn>['catalogues']>

/** What is stored of each catalogue that the policy follows: so a check-in brings only what is newer. */
export async function heldVersions(trust: TrustState): Promise<HeldVersions> {
  const held: HeldVersions = {}
  for (const { name, root: firstRoot } of trust.heldPolicy?.catalogues ?? []) {
    const store = trust.catalogueFiles(name)
    const [root, first, timestamp] = await Promise.all([
      store.read('root.json'),
      trust.firstRootFile(firstRoot),
      store.read('timestamp.json'),
    ])
    // With nothing stored yet, or that torn, a refresh begins at the first root, and asks for the next.
    const from = versionIn(root) || versionIn(first)
    held[name] = { root: from, timestamp: versionIn(timestamp) }
  }
  return held
}

/**
 * Takes the newer files over, and holds each catalogue's timestamp against the time, whether it is newer
 * or not: a server that shows nothing newer is a freeze once it has expired. Yields what was refused.
 */
export async function heedTimes(
  { client, trust }: { readonly client: Client; readonly trust: TrustState },
  newer: NewerFiles,
  clock: Date,
): Promise<readonly unknown[]> {
  const refusals: unknown[] = []
  for (const { name, root: firstRoot } of trust.heldPolicy?.catalogues ?? []) {
    const store = gathering(trust.catalogueFiles(name))
    const fetcher = remembering(broughtBy(newer[name] ?? {}, () => store.read('timestamp.json')))
    const firstRootFile = await trust.firstRootFile(firstRoot)
    const first = { firstRoot, ...(firstRootFile && { firstRootFile }) }
    const logged = withLoggedRoots(store, firstRoot, loggedBy(client, trust))
    const own = { store: logged, fetcher, floors: trust.floors, name, now: trust.time(clock) }
    try {
      const judge = () => refreshTimes({ ...first, ...own }).finally(store.keep)
      await trust.raise(await judged(fetcher.last, judge))
    } catch (error) {
      refusals.push(error)
    }
  }
  return refusals
}

/** What the reply brought; where it brought no timestamp, the one that is stored. */
function broughtBy(
  { roots = [], timestamp }: NewerFiles[string],
  stored: () => Promise<Uint8Array | undefined>,
): Fetcher {
  const files = roots.map(fromBase64).values()
  return {
    async fetch(file) {
      if (file !== 'timestamp.json') return files.next().value
      return timestamp === undefined ? stored() : fromBase64(timestamp)
    },
  }
}

/** The version that a stored file claims; 0 for one that is not there or is torn. */
function versionIn(file: Uint8Array | undefined): number {
  try {
    const json = file && parseStrictJson(file)
    const signed = isJsonObject(json) ? json.signed : undefined
    const version = isJsonObject(signed) ? signed.version : undefined
    return typeof version === 'number' && version > 0 ? version : 0
  } catch (error) {
    if (isCoded(error)) return 0
    throw error
  }
}
