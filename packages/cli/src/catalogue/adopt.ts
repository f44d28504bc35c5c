import { draftTargets, signDraft } from '@steadfleet/authority'
import { parsePackageName } from '@steadfleet/domain'
import { listChannels } from '@steadfleet/protocol'
import { publisherFor, type TrustPolicy, topRole } from '@steadfleet/trust'
import { applyDraft } from '../ceremony/apply.ts'
import { writeDraft, writeSignature } from '../ceremony/draft-files.ts'
import { heldCatalogue } from '../ceremony/held.ts'
import { CliError } from '../error.ts'
import type { Fleet } from '../fleet/open.ts'
import { type CataloguePlace, placeOf } from './place.ts'
import { withAdoption } from './policy-changes.ts'
import { openPolicyDraft, savePolicyDraft } from './policy-draft.ts'
import { signersHere } from './signers.ts'

export interface AdoptionChoices {
  readonly package: string
  /** The own catalogue it shall come from. */
  readonly into: string
  /** Absent: the highest revision that a channel points at. */
  readonly floor?: number
  readonly now: Date
  /** Where a draft of the catalogue's targets goes that others must sign. */
  readonly draftAt: (version: number) => string
}

export type Adoption = NonNullable<TrustPolicy['adoptions']>[number]

/** What the policy will say, and the draft of the targets that waits for others, if there is one. */
export interface Adopted {
  readonly adoption: Adoption
  readonly targets?: string
}

/**
 * Lets this fleet's publisher sign the next revisions of another's package: the targets of the own
 * catalogue delegate the name to it, and the drafted policy says so to devices.
 */
export async function adoptPackage(fleet: Fleet, choices: AdoptionChoices): Promise<Adopted> {
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
  const targets = await delegate(fleet, placeOf(home, client, next, to.catalogue), name, choices)
  await savePolicyDraft(home, withAdoption(next, adoption))
  return { adoption, ...(targets && { targets }) }
}

/**
 * Has the targets of a catalogue delegate the package to the publisher: at once where the keys for it are
 * on this machine, else by a draft. Yields the draft that others must sign, if there is one.
 */
async function delegate(
  { home, client }: Fleet,
  place: CataloguePlace,
  name: string,
  { now, draftAt }: AdoptionChoices,
): Promise<string | undefined> {
  const held = await heldCatalogue({ home, client }, place)
  const row = held.targets.signed.delegations?.roles?.find(one => one.name === home.publisher)
  if (row?.paths?.includes(`${name}/*/*`)) return undefined
  const adopted = new Map([[home.publisher, [name]]])
  const draft = draftTargets(held, { ...nothing, adopted }, now)
  const role = topRole(held.root.signed, 'targets')
  const signers = await signersHere(home, role)
  const signatures = await Promise.all(signers.map(signer => signDraft(draft, signer)))
  if (signers.length >= role.threshold) {
    const at = { catalogue: place.name, now, say: () => undefined }
    await applyDraft(client, draft, signatures, at)
    return undefined
  }
  const path = draftAt(held.targets.signed.version + 1)
  await writeDraft(path, draft)
  for (const signature of signatures) await writeSignature(path, signature)
  return path
}

const nothing = { publishers: new Map(), dismissed: [], revoked: [] }

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
