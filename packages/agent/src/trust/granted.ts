import { type PackageName, parsePackageName } from '@steadfleet/domain'
import type { Granted } from '@steadfleet/engine'
import type { TrustState } from './trust-state.ts'

/** What the last accepted order grants, under the owner's ceiling, to each package that it names. */
export function grantedNow({ order, policy }: Pick<TrustState, 'order' | 'policy'>): Granted {
  const granted = new Map<PackageName, readonly string[]>()
  for (const { package: name, grants } of order?.releases ?? []) {
    const isUnderCeiling = (grant: string) => {
      const packages = policy.ceiling.get(grant) ?? []
      return packages.includes('*') || packages.includes(name)
    }
    granted.set(parsePackageName(name), grants.filter(isUnderCeiling))
  }
  return granted
}
