import { binsOf, type CatalogueSet, isBin, type OwnerFiles } from '@steadfleet/authority'
import { digestOf, isCoded, sideBySide } from '@steadfleet/base'
import { type Client, getOwnerRoot, getPolicy } from '@steadfleet/protocol'
import {
  acceptOwnerRoot,
  acceptRoot,
  type Envelope,
  type Fetcher,
  type Metadata,
  type OwnerRoot,
  parseMetadata,
  type Root,
  refuseUnsigned,
  TrustError,
  topRole,
} from '@steadfleet/trust'
import type { CataloguePlace } from '../catalogue/place.ts'
import type { Fleet } from '../fleet/open.ts'
import { firstPlace } from '../publish/role.ts'

/** The longest file of a catalogue that is read. */
const longest = 8_000_000

/**
 * What a catalogue's offline keys have in force, expired or not: the root by every step from the
 * first, which this machine knows or the policy in force pins; the targets by the root.
 */
export async function heldCatalogue(
  { home, client }: Fleet,
  place: Pick<CataloguePlace, 'root' | 'fetcher'> = firstPlace(home, client),
): Promise<CatalogueSet> {
  const read = fileReader(place.fetcher)
  const root = await newestRoot(read, place.root)
  const { meta } = parseMetadata('timestamp', await read('timestamp.json')).signed
  const snapshot = parseMetadata(
    'snapshot',
    await read(`${meta['snapshot.json'].version}.snapshot.json`),
  )
  const readRoles = (names: readonly string[]) =>
    sideBySide(names, async name => {
      const version = snapshot.signed.meta.get(`${name}.json`)?.version
      return [name, parseMetadata('targets', await read(`${version}.${name}.json`))] as const
    })
  const named = [...snapshot.signed.meta.keys()].map(file => file.replace(/\.json$/, ''))
  const roles = new Map(await readRoles(named.filter(name => !isBin(name))))
  const bins = [...roles.values()].flatMap(({ signed }) => [...binsOf(signed)])
  for (const [name, bin] of await readRoles(bins)) roles.set(name, bin)
  const targets = roles.get('targets')
  if (!targets) throw missing('targets.json')
  refuseUnsigned('targets', targets, topRole(root.signed, 'targets'))
  roles.delete('targets')
  return { root, targets, roles, snapshot }
}

/** The owner root and the policy in force, the root by every step from the first, which `init` made. */
export async function heldOwner({ client, home }: Fleet): Promise<OwnerFiles> {
  let root = await ownerRootAt(client, 1)
  if (!root) throw missing('owner root 1')
  let held: OwnerRoot = acceptOwnerRoot(home.ownerRoot, root)
  for (;;) {
    const next = await ownerRootAt(client, held.version + 1)
    if (!next) break
    held = acceptOwnerRoot(held, next)
    root = next
  }
  return { root, policy: await client.call(getPolicy, {}) }
}

type Read = (file: string) => Promise<Uint8Array>

async function newestRoot(read: Read, firstRoot: string): Promise<Metadata<'root'>> {
  const bytes = await read('1.root.json')
  if (digestOf(bytes) !== firstRoot) {
    const message = `cannot accept the first root: digest ${digestOf(bytes)}, not ${firstRoot}`
    throw new TrustError('trust/first-root', message)
  }
  let newest = parseMetadata('root', bytes)
  let held: Root = newest.signed
  for (;;) {
    const next = await orUndefined(read(`${held.version + 1}.root.json`))
    if (!next) return newest
    newest = parseMetadata('root', next)
    held = acceptRoot(held, newest)
  }
}

function fileReader(fetcher: Fetcher): Read {
  return async file => {
    const bytes = await fetcher.fetch(file, longest)
    if (bytes) return bytes
    throw missing(file)
  }
}

async function ownerRootAt(client: Client, version: number): Promise<Envelope | undefined> {
  try {
    return await client.call(getOwnerRoot, { params: { version: String(version) } })
  } catch (error) {
    if (isCoded(error, 'content/unknown')) return undefined
    throw error
  }
}

async function orUndefined(reading: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await reading
  } catch (error) {
    if (isCoded(error, 'trust/missing-metadata')) return undefined
    throw error
  }
}

function missing(file: string): TrustError {
  return new TrustError('trust/missing-metadata', `cannot find ${file}`, { file })
}
