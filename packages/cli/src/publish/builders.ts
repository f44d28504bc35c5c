import { type BuilderRow, nextVersion, signMetadata } from '@steadfleet/authority'
import { publishRole, publishRoleIn } from '@steadfleet/protocol'
import { keyIdOf } from '@steadfleet/trust'
import { type CataloguePlace, placeOf } from '../catalogue/place.ts'
import { openPolicyDraft } from '../catalogue/policy-draft.ts'
import { publisherKey } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { heldRole } from './role.ts'

/** A publisher's role at a time: in the fleet's first catalogue, where no other is named. */
export interface RoleAt {
  readonly now: Date
  readonly catalogue?: string
}

/** The builders that the publisher's role names; undefined where it does not say who may build. */
export async function heldBuilders(
  fleet: Fleet,
  { now, catalogue }: RoleAt,
): Promise<readonly BuilderRow[] | undefined> {
  const { home, client } = fleet
  const key = await publisherKey(home)
  return (await heldRole(home, client, key, now, await placeIn(fleet, catalogue))).builders
}

/** Signs the publisher's role with other builders, and puts it in force. */
export async function changeBuilders(
  fleet: Fleet,
  { now, catalogue }: RoleAt,
  change: (held: readonly BuilderRow[]) => readonly BuilderRow[],
): Promise<readonly BuilderRow[]> {
  const { home, client } = fleet
  const key = await publisherKey(home)
  const place = await placeIn(fleet, catalogue)
  const held = await heldRole(home, client, key, now, place)
  const builders = change(held.builders ?? [])
  const body = await signMetadata(nextVersion({ ...held, builders }, 'publisher', now), [key])
  const role = home.publisher
  if (place) await client.call(publishRoleIn, { params: { catalogue: place.name, role }, body })
  else await client.call(publishRole, { params: { role }, body })
  return builders
}

/** A further catalogue, as the policy in force names it; undefined for the fleet's first one. */
async function placeIn(
  fleet: Fleet,
  catalogue: string | undefined,
): Promise<CataloguePlace | undefined> {
  if (catalogue === undefined) return undefined
  const { held } = await openPolicyDraft(fleet)
  return placeOf(fleet.home, fleet.client, held, catalogue)
}

/** The list with one more; a builder that was there under this key and id counts again. */
export function withBuilder(held: readonly BuilderRow[], row: BuilderRow): readonly BuilderRow[] {
  return [...held.filter(one => !isSame(one, row)), row]
}

/** The list in which every entry of this id or key id is retired; undefined where there is none. */
export function withRetired(
  held: readonly BuilderRow[],
  named: string,
): readonly BuilderRow[] | undefined {
  const isMeant = ({ id, key }: BuilderRow): boolean => id === named || keyIdOf(key) === named
  if (!held.some(isMeant)) return undefined
  return held.map(one => (isMeant(one) ? { ...one, retired: true } : one))
}

function isSame(one: BuilderRow, other: BuilderRow): boolean {
  return one.id === other.id && keyIdOf(one.key) === keyIdOf(other.key)
}
