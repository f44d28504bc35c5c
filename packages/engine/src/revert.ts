import { type Generation, type GenerationPackage, packageOf } from './generation.ts'
import { type Granted, withGranted } from './granted.ts'
import { type DataOrigin, isMigratedSince, keptWith } from './next-generation.ts'
import { failedBefore, type Refused } from './refused.ts'

/** What somebody at the device asked for: an earlier generation, until another order comes. */
export interface Revert {
  readonly counter: number
  readonly to: number
  readonly restoresData: boolean
}

/** What decides, beside what was asked for, how far an earlier generation may be had again. */
export interface RevertBounds {
  readonly refused: Refused
  /** By the newest order, which is not followed otherwise: what was taken back does not come back. */
  readonly granted: Granted
}

/** Packages of `earlier` whose data a later revision has migrated since. */
export function packagesMigratedSince(
  current: Generation,
  earlier: Generation,
): GenerationPackage[] {
  return earlier.packages.filter(one => isMigratedSince(packageOf(current, one.package), one))
}

/**
 * The releases and settings of `earlier` as generation `number`, with those of its grants that still
 * stand, and with today's data, or that of then where it is asked for. What can't read today's data stays as it is, with all that go
 * with it, and so does what failed on an earlier try. Undefined when nothing would change.
 */
export function revertedGeneration(
  current: Generation,
  earlier: Generation,
  revert: Revert,
  { refused, granted }: RevertBounds,
  number: number,
): Generation | undefined {
  const migrated = packagesMigratedSince(current, earlier).map(one => one.package)
  const begin = (before: GenerationPackage | undefined, one: GenerationPackage) =>
    begunFrom(before, one, revert.restoresData, number)
  const wanted = earlier.packages.map(one => withGranted(one, granted))
  const failed = failedBefore(revert.counter, wanted, refused)
  const held = [...failed, ...(revert.restoresData ? [] : migrated)]
  const packages = keptWith(current, wanted, { held, granted, number, begin })
  if (packages === undefined) return undefined
  return { ...earlier, number, counter: revert.counter, packages }
}

function begunFrom(
  before: GenerationPackage | undefined,
  one: GenerationPackage,
  restoresData: boolean,
  number: number,
): DataOrigin {
  const isRestored = restoresData || before === undefined
  const { migrated } = isRestored ? one : before
  const left = before && { left: before.data }
  return {
    data: number,
    ...(migrated !== undefined && { migrated }),
    ...(isRestored && { restored: { from: one.data, ...left } }),
  }
}
