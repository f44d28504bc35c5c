import type { BuilderRow } from '@steadfleet/authority'
import { keyIdOf } from '@steadfleet/trust'
import { namedPlace } from '../catalogue/named-place.ts'
import type { Fleet } from '../fleet/open.ts'
import { type DraftedRole, putRole, type RolePlace } from './put-role.ts'
import { type HeldRole, heldRole } from './role.ts'

/** A publisher's role at a time: in the fleet's first catalogue, where no other is named. */
export interface RoleAt {
  readonly now: Date
  readonly catalogue?: string
}

/** The builders that the publisher's role names; undefined where it does not say who may build. */
export async function heldBuilders(
  fleet: Fleet,
  at: RoleAt,
): Promise<readonly BuilderRow[] | undefined> {
  return (await heldRoleAt(fleet, at)).signed.builders
}

/** The publisher's role as it stands in that catalogue. */
export async function heldRoleAt(fleet: Fleet, { now, catalogue }: RoleAt): Promise<HeldRole> {
  const { home, client } = fleet
  return heldRole(home, client, now, await namedPlace(fleet, catalogue))
}

/** Who may build from now on, and the draft that says so where others must sign it too. */
export interface ChangedBuilders {
  readonly builders: readonly BuilderRow[]
  readonly drafted?: DraftedRole
}

/** Signs the publisher's role with other builders, and puts it in force where its keys suffice. */
export async function changeBuilders(
  fleet: Fleet,
  place: RolePlace,
  change: (held: readonly BuilderRow[]) => readonly BuilderRow[],
): Promise<ChangedBuilders> {
  const held = await heldRoleAt(fleet, place)
  const builders = change(held.signed.builders ?? [])
  const next = new Map([[fleet.home.publisher, { ...held.signed, builders }]])
  const drafted = await putRole(fleet, held, next, place)
  return { builders, ...(drafted && { drafted }) }
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
