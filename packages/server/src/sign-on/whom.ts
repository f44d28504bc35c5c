import { digestOf, toUtf8 } from '@steadfleet/base'
import type { SignOnConfiguration } from './configuration.ts'
import type { Claims } from './provider.ts'

export interface FleetRole {
  readonly fleet: string
  readonly role: string
}

/**
 * What the groups that a provider tells make somebody here: the table’s rows in their order, the first that
 * speaks of a fleet. Undefined where no table is configured.
 */
export function rolesIn(
  { roles }: SignOnConfiguration,
  claims: Claims,
): readonly FleetRole[] | undefined {
  if (!roles) return undefined
  const told = claims[roles.claim]
  const groups: readonly unknown[] = Array.isArray(told) ? told : [told]
  const found = new Map<string, string>()
  for (const [group, byFleet] of Object.entries(roles.groups)) {
    if (!groups.includes(group)) continue
    for (const [fleet, role] of Object.entries(byFleet)) {
      if (!found.has(fleet)) found.set(fleet, role)
    }
  }
  return [...found].map(([fleet, role]) => ({ fleet, role }))
}

/** A name for somebody new: as the provider knows them, where that is a name here. It identifies nobody. */
export function nameIn({ sub, preferred_username: told }: Claims): string {
  const name = typeof told === 'string' ? told.toLowerCase() : ''
  if (/^[a-z][a-z0-9.@+-]{0,59}$/.test(name)) return name
  return `account-${digestOf(toUtf8(sub)).slice(-12)}`
}
