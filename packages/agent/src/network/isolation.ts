import type { IsolationPolicy, OwnIsolations, PackageName } from '@steadfleet/domain'

/** Everything that is cut: by order, and by the device itself. */
export function isolatedNow(own: OwnIsolations, ordered: IsolationPolicy): IsolationPolicy {
  const { known: _, ...policy } = ordered
  const packages = [...new Set([...(ordered.packages ?? []), ...Object.keys(own)])].sort()
  return { ...policy, packages: packages as PackageName[] }
}
