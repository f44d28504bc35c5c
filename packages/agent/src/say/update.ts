import { createHash } from 'node:crypto'
import type { PackageName } from '@steadfleet/domain'
import { type Generation, isSamePackage, packageOf } from '@steadfleet/engine'

/** The update that is put off, or about to be. */
export interface Update {
  /** A short name of this very set of releases: an answer counts for it alone. */
  readonly id: string
  readonly packages: readonly UpdatedPackage[]
}

export interface UpdatedPackage {
  readonly package: PackageName
  /** Revisions; 0 where it is not there before, or not after. */
  readonly from: number
  readonly to: number
}

/** What leads from one generation to the other, for people and for their answers. */
export function updateOf(from: Generation, to: Generation): Update {
  const names = [...new Set([...from.packages, ...to.packages].map(one => one.package))].sort()
  const packages = names.flatMap(name => {
    const [before, after] = [packageOf(from, name), packageOf(to, name)]
    if (isSamePackage(before, after)) return []
    return [{ package: name, from: before?.revision ?? 0, to: after?.revision ?? 0 }]
  })
  const words = packages.map(one => `${one.package} ${one.to}`).join()
  return { id: createHash('sha256').update(words).digest('hex').slice(0, 16), packages }
}
