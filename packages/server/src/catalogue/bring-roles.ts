import { isCoded, sideBySide } from '@steadfleet/base'
import {
  type CatalogueStore,
  type Fetcher,
  loadTargets,
  parseMetadata,
  type SigningRole,
  type Targets,
  toSigningRole,
} from '@steadfleet/trust'

/** A client asks no more than 64 roles about one path: one that lies deeper is never asked. TUF §5.6.7.1 */
const deepest = 64

type TargetsSource = Parameters<typeof loadTargets>[0]

/** A role that somebody delegates to, and who signs it. */
interface Delegated {
  readonly name: string
  readonly signers: SigningRole
}

/** A refreshed client's store and fetcher: what they yield is held against root and snapshot again. */
export interface RoleSource {
  readonly store: CatalogueStore
  readonly fetcher: Fetcher
  readonly now: Date
}

/**
 * Brings every role that the snapshot lists and that somebody delegates to, publishers' and whatever
 * those delegate to in turn, each verified as a client would. One that is late holds up nobody else: it
 * stays away until it is there. Yields the files that were fetched, by their names in the repository.
 */
export async function bringRoles(source: RoleSource): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const { store } = source
  const root = parseMetadata('root', await stored(store, 'root.json')).signed
  const snapshot = parseMetadata('snapshot', await stored(store, 'snapshot.json')).signed
  const targets = parseMetadata('targets', await stored(store, 'targets.json')).signed
  const seen = new Set<string>()
  let next = delegatesOf(targets, snapshot.meta)
  for (let depth = 0; depth < deepest && next.length > 0; depth += 1) {
    const level = next.filter(({ name }) => !seen.has(name) && seen.add(name))
    const loaded = await sideBySide(level, one =>
      bringRole({ ...source, root, snapshot }, one, files),
    )
    next = loaded.flatMap(role => (role ? delegatesOf(role, snapshot.meta) : []))
  }
  return files
}

/** The role, or undefined where it can't be had; only what was verified is kept. */
async function bringRole(
  source: TargetsSource,
  { name, signers }: Delegated,
  files: Map<string, Uint8Array>,
): Promise<Targets | undefined> {
  const fetched: [string, Uint8Array][] = []
  const fetcher: Fetcher = {
    async fetch(file, limit) {
      const bytes = await source.fetcher.fetch(file, limit)
      if (bytes) fetched.push([file, bytes])
      return bytes
    },
  }
  try {
    const role = await loadTargets({ ...source, fetcher }, name, signers)
    for (const [file, bytes] of fetched) files.set(file, bytes)
    return role
  } catch (error) {
    if (!isCoded(error)) throw error
    return undefined
  }
}

/** Of those that are delegated to, those that the snapshot lists: of 2³² bins no more than there are. */
function delegatesOf(
  { delegations }: Targets,
  listed: TargetsSource['snapshot']['meta'],
): Delegated[] {
  if (delegations === undefined) return []
  const { keys, roles = [], succinct_roles: bins } = delegations
  const named = roles.map(role => ({ name: role.name, signers: toSigningRole(keys, role) }))
  const signers = bins && toSigningRole(keys, bins)
  const binned = signers
    ? [...listed.keys()]
        .map(file => file.replace(/\.json$/, ''))
        .filter(name => name.startsWith(`${bins.name_prefix}-`))
        .map(name => ({ name, signers }))
    : []
  return [...named, ...binned].filter(({ name }) => listed.has(`${name}.json`))
}

async function stored(store: CatalogueStore, name: string): Promise<Uint8Array> {
  return (await store.read(name)) ?? new Uint8Array()
}
