import type { IsolationPolicy, PackageName } from '@steadfleet/domain'

/** Packages that the device itself isolated; true where its orders have named them since. */
export type OwnIsolation = Readonly<Record<string, boolean>>

/**
 * What the device itself isolated stays so until it was ordered to, and then is no more: an order that was on
 * its way when it happened lets nothing go.
 */
export function nextOwnIsolation(own: OwnIsolation, ordered: IsolationPolicy): OwnIsolation {
  const named = (name: string) => ordered.packages?.some(one => one === name) ?? false
  const left = Object.entries(own).filter(([name, wasNamed]) => named(name) || !wasNamed)
  return Object.fromEntries(left.map(([name]) => [name, named(name)]))
}

/** Everything that is cut: by order, and by the device itself. */
export function isolatedNow(own: OwnIsolation, ordered: IsolationPolicy): IsolationPolicy {
  const packages = [...new Set([...(ordered.packages ?? []), ...Object.keys(own)])].sort()
  return { ...ordered, packages: packages as PackageName[] }
}
