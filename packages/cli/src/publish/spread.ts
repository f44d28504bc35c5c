import { binBits, binsOf, spreadReleases, versionIn } from '@steadfleet/authority'
import { CliError } from '../error.ts'
import type { Fleet } from '../fleet/open.ts'
import { heldRoleAt, type RoleAt } from './builders.ts'
import { documentsOf, withBins } from './held-bins.ts'
import { type DraftedRole, putRole, type RolePlace } from './put-role.ts'
import type { HeldRole } from './role.ts'

/** How a publisher's releases lie in a catalogue. */
export interface Spread {
  /** 0 where they are in the role's own file. */
  readonly bins: number
  readonly releases: number
}

/** The publisher's role with all of its bins. */
export async function heldWhole(fleet: Fleet, at: RoleAt): Promise<HeldRole> {
  const held = await heldRoleAt(fleet, at)
  const own = held.catalogue.roles.get(fleet.home.publisher)
  return withBins(held, binsOf(own?.signed))
}

/** How the releases in force lie. */
export function spreadOf({ catalogue, signed }: HeldRole): Spread {
  const bits = signed.delegations?.succinct_roles?.bit_length
  const targets = [...catalogue.roles.values()].map(role => role.signed.targets.size)
  return {
    bins: bits === undefined ? 0 : 2 ** bits,
    releases: targets.reduce((sum, count) => sum + count, 0),
  }
}

/**
 * Signs the publisher's releases anew, spread over so many bins, or for 1 in its role's own file; and puts
 * all of it in force at once, where the keys suffice.
 */
export async function spreadOver(
  fleet: Fleet,
  bins: number,
  place: RolePlace,
): Promise<Spread & { readonly drafted?: DraftedRole }> {
  const bits = binBits(bins)
  const { publisher } = fleet.home
  const held = await heldWhole(fleet, place)
  const now = spreadOf(held)
  const wanted = bits === 0 ? 0 : bins
  if (now.bins === wanted) {
    const message = `cannot spread the releases of ${publisher} anew: they are in ${binsInWords(wanted)}`
    throw new CliError('cli/exists', message, { publisher, bins: wanted })
  }
  const versionOf = (role: string): number => versionIn(held.catalogue, role)
  const spreading = { publisher, by: held.by, versionOf, now: place.now }
  const next = spreadReleases(spreading, documentsOf(held, publisher), bits)
  place.say(`signing ${now.releases} releases in ${binsInWords(wanted)}`)
  const drafted = await putRole(fleet, held, next, place)
  return { bins: wanted, releases: now.releases, ...(drafted && { drafted }) }
}

/** What a number of bins is called; 0 is none. */
export function binsInWords(bins: number): string {
  return bins === 0 ? 'one file' : `${bins} bins`
}
