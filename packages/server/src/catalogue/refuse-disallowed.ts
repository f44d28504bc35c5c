import { toTimestamp } from '@steadfleet/domain'
import { publisherFor } from '@steadfleet/trust'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { releasesAt } from '../store/release-store.ts'
import { runningRollouts } from '../store/rollout-store.ts'

type Place = Pick<House, 'catalogues' | 'owner' | 'store'>

/** Refuses a revision that the policy does not let devices take from the catalogue that has it. */
export async function refuseDisallowed(
  house: Place,
  name: string,
  revision: number,
): Promise<void> {
  const catalogue = await disallowingCatalogue(house, name, revision)
  if (catalogue === undefined) return
  const message = `cannot order ${name}: the policy does not allow it from catalogue ${catalogue}`
  throw new ServerError('release/not-allowed', message, { package: name, catalogue })
}

/** Halts what is on its way and that no device would take any more. What arrived stays. docs/decisions/0020 */
export async function haltDisallowed(house: Place & Pick<House, 'world'>): Promise<void> {
  const trips: { rollout: number; why: string }[] = []
  for (const { id, package: name, revision } of await runningRollouts(house.store.db)) {
    const catalogue = await disallowingCatalogue(house, name, revision)
    if (catalogue === undefined) continue
    const why = `the policy does not allow ${name} from catalogue ${catalogue} any more`
    trips.push({ rollout: id, why })
  }
  const now = toTimestamp(house.world.now())
  if (trips.length > 0) await house.store.write('tripRollouts', { trips, now })
}

async function disallowingCatalogue(
  { catalogues, owner, store }: Place,
  name: string,
  revision: number,
): Promise<string | undefined> {
  const policy = owner.policy().signed
  const releases = await releasesAt(store.db, name, revision)
  const sources = releases.map(({ catalogue }) => catalogues.noted(catalogue).name)
  return sources.find(source => !publisherFor(policy, source, name))
}
