import type { PackageName } from '@steadfleet/domain'
import { type Generation, type GenerationPackage, isSamePackage, packageOf } from './generation.ts'
import { withTheirs } from './lanes.ts'

/** What an order asks for, resolved: releases agreed on by all who must, without a number yet. */
export interface Wanted {
  readonly counter: number
  readonly model: string
  readonly packages: readonly Omit<GenerationPackage, 'data'>[]
  readonly probationSeconds?: number
}

/** Packages that failed under an order; that order does not get them tried again. */
export interface Refused {
  readonly counter: number
  readonly packages: readonly PackageName[]
}

/**
 * The generation that fulfils `wanted` as far as it may: a package that failed under this very order
 * stays as it is in `current`, with all that go with it, so that one failure does not hold back the
 * others. Undefined when nothing would change.
 */
export function nextGeneration(
  current: Generation,
  wanted: Wanted,
  refused: Refused,
  number: number,
): Generation | undefined {
  const all = [...current.packages, ...wanted.packages]
  const failed = refused.counter === wanted.counter ? refused.packages : []
  const held = withTheirs(failed, all)
  const names = all.map(one => one.package)
  const packages = [...new Set(names)]
    .sort()
    .flatMap(name => packageFor(name, held.includes(name), current, wanted, number))
  if (isUnchanged(current, packages)) return undefined
  const { counter, model, probationSeconds } = wanted
  const probation = probationSeconds === undefined ? {} : { probationSeconds }
  return { type: 'generation', format: 1, number, counter, model, packages, ...probation }
}

function packageFor(
  name: PackageName,
  isHeld: boolean,
  current: Generation,
  wanted: Wanted,
  number: number,
): GenerationPackage[] {
  const before = packageOf(current, name)
  const ordered = wanted.packages.find(one => one.package === name)
  if (isHeld) return before ? [before] : []
  if (ordered === undefined) return []
  const after = { ...ordered, data: number }
  return [before && isSamePackage(before, after) ? { ...after, data: before.data } : after]
}

function isUnchanged(current: Generation, packages: readonly GenerationPackage[]): boolean {
  return (
    packages.length === current.packages.length &&
    packages.every(one => isSamePackage(packageOf(current, one.package), one))
  )
}
