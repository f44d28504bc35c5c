import type { Digest, JsonObject } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import {
  type CatalogueStore,
  keyIdOf,
  type Metadata,
  type MetadataType,
  parseMetadata,
  refreshCatalogue,
  refuseUnsigned,
  type SigningRole,
  type Target,
  type Targets,
  TrustError,
  toSigningRole,
} from '@steadfleet/trust'
import { notPublished, VerifyError } from './error.ts'
import type { Link, OnLink } from './link.ts'
import { memoryStore } from './memory-store.ts'
import type { ReleaseEvidence } from './release-evidence.ts'

/** What the catalogue says of the release, and the signed part of the role of its publisher. */
export interface Published {
  readonly target: Target
  readonly role: string
  readonly signed: JsonObject
}

/** The catalogue, from the root that is pinned to the target of the release. TUF §5 */
export async function verifyCatalogue(
  evidence: ReleaseEvidence,
  root: Digest,
  onLink: OnLink,
): Promise<Published> {
  const { catalogue: files, release, taken } = evidence
  const store = memoryStore()
  const fetcher = { fetch: async (file: string) => files.get(file) }
  const catalogue = await refreshCatalogue({ store, fetcher, now: taken, firstRoot: root })
  const target = await catalogue.find(release)
  const rootFile = await readRole(store, 'root', 'root.json')
  onLink(rootLink(rootFile, root))
  const targets = await readRole(store, 'targets', 'targets.json')
  onLink(targetsLink(targets, toSigningRole(rootFile.signed.keys, rootFile.signed.roles.targets)))
  if (target === undefined) throw notPublished(release)
  const { role, file, signers } = await publisherOf(store, targets.signed, target)
  onLink(publisherLink(role, file, signers, target))
  if (target.role !== role) onLink(await binLink(store, file.signed, target))
  onLink(freshnessLink(catalogue.expires, taken))
  return { target, role, signed: file.source }
}

async function readRole<T extends MetadataType>(
  store: CatalogueStore,
  type: T,
  name: string,
): Promise<Metadata<T>> {
  return parseMetadata(type, (await store.read(name)) ?? new Uint8Array())
}

/** The publisher's own role: the one that has the target, or whose bins have it. */
async function publisherOf(
  store: CatalogueStore,
  { delegations }: Targets,
  { path, role, publisher }: Target,
) {
  const found = delegations?.roles?.find(({ name }) => name === publisher)
  if (!found || !delegations) {
    const message = `cannot verify ${path}: the catalogue itself has it, not a publisher`
    throw new VerifyError('verify/not-published', message, { path, role })
  }
  const file = await readRole(store, 'targets', `${encodeURIComponent(found.name)}.json`)
  return { role: found.name, file, signers: toSigningRole(delegations.keys, found) }
}

/** The ids of the keys of a role that signed a file. */
function signersOf<T extends MetadataType>(file: Metadata<T>, { keys }: SigningRole): string[] {
  const signed = keys.filter(key =>
    isSigned(() => refuseUnsigned('a file', file, { keys: [key], threshold: 1 })),
  )
  return signed.map(keyIdOf)
}

function isSigned(check: () => void): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (error instanceof TrustError) return false
    throw error
  }
}

function rootLink(file: Metadata<'root'>, pinned: Digest): Link {
  const { version, keys, roles, expires } = file.signed
  const signers = toSigningRole(keys, roles.root)
  const by = signersOf(file, signers)
  return {
    name: 'root',
    says: [
      `the catalogue begins with root ${pinned}, which you named`,
      `its root is version ${version} now, signed by ${count(by, signers)}: ${short(by)}`,
      `it expires ${toTimestamp(expires)}`,
    ],
    facts: {
      pinned,
      version,
      signers: by,
      threshold: signers.threshold,
      expires: toTimestamp(expires),
    },
  }
}

function targetsLink(file: Metadata<'targets'>, signers: SigningRole): Link {
  const { version, expires } = file.signed
  const by = signersOf(file, signers)
  return {
    name: 'targets',
    says: [
      `version ${version} of the offline targets says who may publish, signed by ${count(by, signers)}: ${short(by)}`,
    ],
    facts: { version, signers: by, threshold: signers.threshold, expires: toTimestamp(expires) },
  }
}

function publisherLink(
  role: string,
  file: Metadata<'targets'>,
  signers: SigningRole,
  { path, digest, role: inRole }: Target,
): Link {
  const { version, expires } = file.signed
  const by = signersOf(file, signers)
  return {
    name: 'publisher',
    says: [
      inRole === role
        ? `${role} signed ${path} in version ${version} of its role, by ${count(by, signers)}: ${short(by)}`
        : `${role} signed in version ${version} of its role, by ${count(by, signers)}: ${short(by)}, that its releases lie in bins`,
      `its record is ${digest}`,
    ],
    facts: {
      role,
      version,
      signers: by,
      threshold: signers.threshold,
      expires: toTimestamp(expires),
      record: digest,
    },
  }
}

/** Where the publisher's releases lie in bins: the one that has this release. */
async function binLink(
  store: CatalogueStore,
  { delegations }: Targets,
  { path, role }: Target,
): Promise<Link> {
  const file = await readRole(store, 'targets', `${encodeURIComponent(role)}.json`)
  const row = delegations?.succinct_roles ?? { keyids: [], threshold: 1 }
  const signers = toSigningRole(delegations?.keys ?? new Map(), row)
  const { version, expires } = file.signed
  const by = signersOf(file, signers)
  return {
    name: 'bin',
    says: [
      `${path} lies in version ${version} of ${role}, signed by ${count(by, signers)}: ${short(by)}`,
    ],
    facts: {
      role,
      version,
      signers: by,
      threshold: signers.threshold,
      expires: toTimestamp(expires),
    },
  }
}

function freshnessLink(expires: Date, taken: Date): Link {
  const [until, at] = [toTimestamp(expires), toTimestamp(taken)]
  return {
    name: 'freshness',
    says: [
      `the catalogue was in force on ${at}, and good until ${until}; what came later is not in here`,
    ],
    facts: { taken: at, expires: until },
  }
}

function count(by: readonly string[], { threshold, keys }: SigningRole): string {
  return `${by.length} of ${keys.length} ${keys.length === 1 ? 'key' : 'keys'} (${threshold} must)`
}

function short(ids: readonly string[]): string {
  return ids.map(id => id.slice(0, 12)).join(', ')
}
