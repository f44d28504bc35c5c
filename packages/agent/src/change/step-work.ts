import type { PackageName } from '@steadfleet/domain'
import {
  type Change,
  type Generation,
  type GenerationPackage,
  isOnlyLess,
  isSamePackage,
  packageOf,
} from '@steadfleet/engine'
import { packageFloor } from '@steadfleet/trust'

/** What one step of a change works on. */
export interface Work {
  readonly change: Change
  readonly name: PackageName
  readonly from: GenerationPackage | undefined
  readonly to: GenerationPackage | undefined
}

export function needed(one: GenerationPackage | undefined): GenerationPackage {
  if (one) return one
  throw new TypeError('the step names a package that the generation does not have')
}

/** The packages that are not the same in both. */
export function changedIn(from: Generation, to: Generation): GenerationPackage[] {
  return to.packages.filter(one => !isSamePackage(packageOf(from, one.package), one))
}

/** Of these, what must prove itself: not a package that only had interfaces taken back. */
export function triedIn(from: Generation, to: Generation): GenerationPackage[] {
  return changedIn(from, to).filter(one => !isOnlyLess(packageOf(from, one.package), one))
}

/** What each package's floor is once a generation is committed. */
export function floorsOf(to: Generation): Map<string, number> {
  return new Map(to.packages.map(one => [packageFloor(one.package), one.floor]))
}
