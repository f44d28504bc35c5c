import { type BuilderRow, nextVersion, signMetadata } from '@steadfleet/authority'
import { publishRole } from '@steadfleet/protocol'
import { keyIdOf } from '@steadfleet/trust'
import { publisherKey } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { heldRole } from './role.ts'

/** The builders that the publisher's role names; undefined where it does not say who may build. */
export async function heldBuilders(
  { home, client }: Fleet,
  now: Date,
): Promise<readonly BuilderRow[] | undefined> {
  const key = await publisherKey(home)
  return (await heldRole(home, client, key, now)).builders
}

/** Signs the publisher's role with other builders, and puts it in force. */
export async function changeBuilders(
  { home, client }: Fleet,
  now: Date,
  change: (held: readonly BuilderRow[]) => readonly BuilderRow[],
): Promise<readonly BuilderRow[]> {
  const key = await publisherKey(home)
  const held = await heldRole(home, client, key, now)
  const builders = change(held.builders ?? [])
  const body = await signMetadata(nextVersion({ ...held, builders }, 'publisher', now), [key])
  await client.call(publishRole, { params: { role: home.publisher }, body })
  return builders
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
