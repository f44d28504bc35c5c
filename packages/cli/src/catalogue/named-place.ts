import type { Fleet } from '../fleet/open.ts'
import { type CataloguePlace, placeOf } from './place.ts'
import { openPolicyDraft } from './policy-draft.ts'

/** A catalogue as the policy in force names it; undefined, for the fleet's first one, where none is named. */
export async function namedPlace(
  fleet: Fleet,
  catalogue: string | undefined,
): Promise<CataloguePlace | undefined> {
  if (catalogue === undefined) return undefined
  const { held } = await openPolicyDraft(fleet)
  return placeOf(fleet.home, fleet.client, held, catalogue)
}
