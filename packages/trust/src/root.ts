import { digestOf } from '@steadfleet/base'
import type { RefreshOptions } from './catalogue.ts'
import { TrustError } from './error.ts'
import { type Metadata, parseMetadata, type Root, refuseUnsigned } from './metadata.ts'
import { refuseExpired, refuseOtherThanNext } from './refusal.ts'
import {
  fetchCapped,
  fetchPromised,
  keySetName,
  lengthCaps,
  orUndefined,
  refuseBelowCatalogueFloor,
  topRole,
} from './role.ts'

/** Kept for good, so that a torn store is rebuilt from it. No role name can be spelled with `@`. */
const firstRootName = '@first-root.json'

/** The newest root, taken step by step from the one that is trusted. TUF §5.3 */
export async function refreshRoot(options: RefreshOptions): Promise<Root> {
  let root = await trustedRoot(options) // §5.2
  for (;;) {
    const next = await nextRoot(options, root)
    if (next === undefined) break
    root = next
  }
  refuseBelowCatalogueFloor(options, 'root', root.version)
  refuseExpired('root', root.expires, options.now) // §5.3.10: only the last one must be fresh
  return root
}

/** Takes `offered` after `held`: signed by both, and the next version. TUF §5.3.4, §5.3.5 */
export function acceptRoot(held: Root, offered: Metadata<'root'>): Root {
  const what = `root ${offered.signed.version}`
  refuseUnsigned(what, offered, topRole(held, 'root'))
  refuseUnsigned(what, offered, topRole(offered.signed, 'root'))
  refuseOtherThanNext('root', held.version, offered.signed.version)
  return offered.signed
}

async function nextRoot(options: RefreshOptions, held: Root): Promise<Root | undefined> {
  const file = `${held.version + 1}.root.json`
  const bytes = await fetchCapped(options.fetcher, file, lengthCaps.root) // §5.3.3
  if (bytes === undefined) return undefined
  const next = acceptRoot(held, parseMetadata('root', bytes))
  await options.store.commit(new Map([['root.json', bytes], ...forgotten(held, next)])) // §5.3.8
  return next
}

/** Fast-forward recovery: new keys of timestamp or snapshot end the trust in both files. TUF §5.3.11 */
function forgotten(held: Root, next: Root): [string, Uint8Array][] {
  const rotated = (['timestamp', 'snapshot'] as const).some(
    name => keySetName(held, name) !== keySetName(next, name),
  )
  const nothing = new Uint8Array()
  return rotated
    ? [
        ['timestamp.json', nothing],
        ['snapshot.json', nothing],
      ]
    : []
}

async function trustedRoot(options: RefreshOptions): Promise<Root> {
  const { store, firstRoot } = options
  const stored = await orUndefined(store.read('root.json'), selfSigned)
  if (stored) return stored
  const bytes = await firstRootFile(options)
  const found = digestOf(bytes)
  if (found !== firstRoot) {
    const message = `cannot accept the first root: digest ${found}, not ${firstRoot}`
    throw new TrustError('trust/first-root', message, { expected: firstRoot, found })
  }
  const root = selfSigned(bytes)
  const files = [firstRootName, 'root.json', 'timestamp.json', 'snapshot.json'] as const
  const content = files.map((name, i) => [name, i < 2 ? bytes : new Uint8Array()] as const)
  await store.commit(new Map(content))
  return root
}

/** A kept file that tore is fetched again, like one that was lost. */
async function firstRootFile(options: RefreshOptions): Promise<Uint8Array> {
  const kept = options.firstRootFile ?? (await options.store.read(firstRootName))
  if (kept && digestOf(kept) === options.firstRoot) return kept
  return fetchPromised(options.fetcher, '1.root.json', lengthCaps.root)
}

function selfSigned(bytes: Uint8Array): Root {
  const offered = parseMetadata('root', bytes)
  refuseUnsigned('root', offered, topRole(offered.signed, 'root'))
  return offered.signed
}
