import { type Digest, digestOf } from '@steadfleet/base'
import {
  type AgreedRelease,
  type CatalogueStore,
  type Envelope,
  envelopeDigest,
  type LogLeaf,
  parseMetadata,
  type Target,
  type TrustPolicy,
  toLeaf,
} from '@steadfleet/trust'

/** A document that counts only if the log holds it: in words, and as its leaf. docs/formats/log.md */
export interface Claim {
  readonly about: string
  readonly leaf: Uint8Array
}

type ReleasePath = Extract<LogLeaf, { type: 'release' }>['path']

export function releaseClaim(policy: TrustPolicy, { ordered, path, record }: AgreedRelease): Claim {
  return targetClaim(policy, ordered.catalogue, { path, ...record })
}

/** Of a release record or a model statement, as the catalogue of this name has it. */
export function targetClaim(
  policy: TrustPolicy,
  catalogue: string,
  { path, digest, length }: Pick<Target, 'path' | 'digest' | 'length'>,
): Claim {
  const named = { type: 'release', path: path as ReleasePath, digest, length } as const
  return { about: path, leaf: toLeaf({ ...named, catalogue: rootOf(policy, catalogue) }) }
}

/** Of a version of the owner root, as it was sealed. */
export function ownerClaim(version: number, envelope: Envelope): Claim {
  const leaf = toLeaf({ type: 'owner', digest: envelopeDigest(envelope) })
  return { about: `owner root ${version}`, leaf }
}

/** Of each adoption of these packages by the policy that was sealed so. */
export function adoptionClaims(
  policy: TrustPolicy,
  envelope: Envelope,
  packages: ReadonlySet<string>,
): Claim[] {
  const digest = envelopeDigest(envelope)
  const adopted = (policy.adoptions ?? []).filter(one => packages.has(one.package))
  return adopted.map(one => {
    const catalogue = rootOf(policy, one.to.catalogue)
    const leaf = toLeaf({ type: 'adoption', catalogue, package: one.package, digest })
    return { about: `the adoption of ${one.package}`, leaf }
  })
}

/** A catalogue's files, of which a root after the first is stored only if it is not refused before. */
export function withLoggedRoots(
  store: CatalogueStore,
  first: Digest,
  refuse: (claim: Claim) => Promise<void>,
): CatalogueStore {
  return {
    read: name => store.read(name),
    async commit(files) {
      const root = files.get('root.json')
      if (root !== undefined && digestOf(root) !== first) await refuse(rootClaim(first, root))
      await store.commit(files)
    },
  }
}

function rootClaim(catalogue: Digest, file: Uint8Array): Claim {
  const { version } = parseMetadata('root', file).signed
  const leaf = toLeaf({ type: 'root', catalogue, version, digest: digestOf(file) })
  return { about: `root ${version}`, leaf }
}

function rootOf({ catalogues }: TrustPolicy, catalogue: string): Digest {
  const named = catalogues.find(({ name }) => name === catalogue)
  if (named) return named.root
  throw new TypeError(`the policy follows no catalogue ${catalogue}`)
}
