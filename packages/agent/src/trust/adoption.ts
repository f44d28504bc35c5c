import { type Floors, packageFloor, type TrustPolicy } from '@steadfleet/trust'
import type { NewEvent } from '../report/outbox.ts'
import type { TrustState } from './trust-state.ts'

type Adoption = NonNullable<TrustPolicy['adoptions']>[number]

/** The packages that have another publisher by the policy that is held; none where it is lost. */
export function adoptionsOf({ heldPolicy }: Pick<TrustState, 'heldPolicy'>): readonly Adoption[] {
  return heldPolicy?.adoptions ?? []
}

/** The floors that go over with adopted packages. */
export function adoptionFloors({ adoptions = [] }: TrustPolicy): Floors {
  return new Map(adoptions.map(one => [packageFloor(one.package), one.floor]))
}

/** What to tell of the adoptions that a newer policy brings. */
export function adoptionEvents(before: readonly Adoption[], after: TrustPolicy): NewEvent[] {
  const known = new Set(before.map(toMessage))
  const fresh = (after.adoptions ?? []).filter(one => !known.has(toMessage(one)))
  return fresh.map(one => ({
    kind: 'agent',
    message: toMessage(one),
    details: {
      package: one.package,
      publisher: one.to.publisher,
      catalogue: one.to.catalogue,
      floor: one.floor,
      policy: after.version,
    },
  }))
}

/** As the device tells it, in its events and in its status. */
export function toMessage({ package: name, from, to, floor }: Adoption): string {
  const now = `${to.publisher} in catalogue ${to.catalogue}, from revision ${floor} on`
  return `${name} is published by ${now}; no longer by ${from.publisher} in ${from.catalogue}`
}
