import { nextVersion, type SignedTargets, signMetadata } from '@steadfleet/authority'
import { toBase64 } from '@steadfleet/base'
import { parsePackageName } from '@steadfleet/domain'
import { applyCatalogueIn, listChannels } from '@steadfleet/protocol'
import { publisherFor, type TrustPolicy } from '@steadfleet/trust'
import { CliError } from '../error.ts'
import type { Fleet } from '../fleet/open.ts'
import { heldTargets, placeOf } from './place.ts'
import { withAdoption } from './policy-changes.ts'
import { openPolicyDraft, savePolicyDraft } from './policy-draft.ts'
import { signersAmong } from './signers.ts'

export interface AdoptionChoices {
  readonly package: string
  /** The own catalogue it shall come from. */
  readonly into: string
  /** Absent: the highest revision that a channel points at. */
  readonly floor?: number
  readonly now: Date
}

export type Adoption = NonNullable<TrustPolicy['adoptions']>[number]

/**
 * Lets this fleet's publisher sign the next revisions of another's package: the targets of the own
 * catalogue delegate the name to it, and the drafted policy says so to devices.
 */
export async function adoptPackage(fleet: Fleet, choices: AdoptionChoices): Promise<Adoption> {
  const { home, client } = fleet
  const name = parsePackageName(choices.package)
  const { next } = await openPolicyDraft(fleet)
  const to = { catalogue: choices.into, publisher: home.publisher }
  const adoption = {
    package: name,
    from: sourceOf(next, name, to.catalogue),
    to,
    floor: choices.floor ?? (await highestInUse(fleet, name)),
  }
  const place = placeOf(home, client, next, to.catalogue)
  const { signed, signers } = await heldTargets(place, choices.now)
  const delegated = delegating(signed, home.publisher, name)
  if (delegated !== signed) {
    const keys = await signersAmong(home, `the targets of ${place.name}`, signers)
    const targets = await signMetadata(nextVersion(delegated, 'targets', choices.now), keys)
    const body = { targets: toBase64(targets) }
    await client.call(applyCatalogueIn, { params: { catalogue: place.name }, body })
  }
  await savePolicyDraft(home, withAdoption(next, adoption))
  return adoption
}

/** Where the package comes from by the policy so far. */
function sourceOf(policy: TrustPolicy, name: string, into: string): Adoption['from'] {
  const held = policy.adoptions?.find(one => one.package === name)
  if (held) return held.from
  const publisher = name.slice(0, name.indexOf('/'))
  const found =
    policy.catalogues.find(one => one.name !== into && publisherFor(policy, one.name, name)) ??
    policy.catalogues.find(one => publisherFor(policy, one.name, name))
  if (found) return { catalogue: found.name, publisher }
  const message = `cannot adopt ${name}: the policy takes it from no catalogue`
  throw new CliError('cli/not-found', message, { package: name })
}

async function highestInUse({ client }: Fleet, name: string): Promise<number> {
  const channels = await client.call(listChannels, {})
  const own = channels.filter(one => one.package === name)
  return Math.max(0, ...own.map(({ revision }) => revision))
}

/** The targets in which the publisher may sign the package, before any other who might. */
function delegating(signed: SignedTargets, publisher: string, name: string): SignedTargets {
  const rows = signed.delegations?.roles ?? []
  const row = rows.find(one => one.name === publisher)
  if (!row || !signed.delegations) {
    const message = `cannot adopt ${name}: the catalogue does not delegate to ${publisher}`
    throw new CliError('cli/not-found', message, { publisher })
  }
  const path = `${name}/*/*`
  if (row.paths.includes(path)) return signed
  const grown = { ...row, paths: [...row.paths, path] }
  const roles = [grown, ...rows.filter(one => one !== row)]
  return { ...signed, delegations: { ...signed.delegations, roles } }
}
